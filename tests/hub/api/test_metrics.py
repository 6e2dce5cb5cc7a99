"""The metric reports of a window, against scikit-learn and numpy on its rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as oracle

from tests.hub.api.conftest import Send
from tests.hub.conftest import Bench, Hub

REPORTS = ("performance-metrics", "drifting-metrics", "model-integrity-metrics", "windows")


def test_performance_is_what_scikit_learn_says_of_the_rows(
    known: Hub, bench: Bench, send: Send
) -> None:
    send(0)
    rows = bench.rows(500, seed=0)
    predicted = (rows.score >= 0.5).astype(int)

    [report] = known.get("/v1/performance-metrics?model_id=income")

    assert report["accuracy"] == pytest.approx(oracle.accuracy_score(rows.target, predicted))
    assert report["precision"] == pytest.approx(oracle.precision_score(rows.target, predicted))
    assert report["recall"] == pytest.approx(oracle.recall_score(rows.target, predicted))
    assert report["f1"] == pytest.approx(oracle.f1_score(rows.target, predicted))
    tn, fp, fn, tp = oracle.confusion_matrix(rows.target, predicted).ravel().tolist()
    counts = ("true_negative", "false_positive", "false_negative", "true_positive")
    assert tuple(report[name] for name in counts) == (tn, fp, fn, tp)


def test_a_report_says_which_window_it_is_of(known: Hub, bench: Bench, send: Send) -> None:
    send(0)

    for name in REPORTS:
        [report] = known.get(f"/v1/{name}?model_id=income")
        assert report["model_id"] == "income"
        assert report["window_start"] == "2026-01-01T00:00:00Z"
        assert report["timestamp"] == report["window_end"] == "2026-01-01T01:00:00Z"
        assert report["spec_digest"] == bench.bundle.digest.hex()
        assert (report["rows"], report["labelled_rows"]) == (500, 500)


def test_drift_has_whiteboxs_shape_and_ours_beside_it(known: Hub, send: Send) -> None:
    send(0, shift=1.0)

    [report] = known.get("/v1/drifting-metrics?model_id=income")

    summary = report["data_drift_summary"]
    assert (summary["number_of_columns"], summary["number_of_drifted_columns"]) == (2, 1)
    assert (summary["share_of_drifted_columns"], summary["dataset_drift"]) == (0.5, True)
    age, job = (summary["drift_by_columns"][name] for name in ("age", "job"))
    assert (age["column_name"], age["column_type"], job["column_type"]) == ("age", "num", "cat")
    assert (age["stattest_name"], age["threshold"]) == ("PSI", 0.1)
    assert (age["drift_detected"], job["drift_detected"]) == (True, False)
    assert age["drift_score"] > 0.1 > job["drift_score"]
    concept = report["concept_drift_summary"]["concept_drift_summary"]
    assert (concept["column_name"], concept["drift_detected"]) == ("prediction", False)
    assert concept["stattest_threshold"] == 0.1


@pytest.mark.parametrize(
    ("stattest", "of_age", "of_job"),
    [
        ("psi", "PSI", "PSI"),
        ("ks", "Kolmogorov-Smirnov distance", "PSI"),
        ("jensen_shannon", "Jensen-Shannon distance", "Jensen-Shannon distance"),
        ("classic", "Wasserstein distance (normed)", "Jensen-Shannon distance"),
    ],
)
def test_drift_is_reported_by_the_statistic_that_is_asked_for(
    stattest: str, of_age: str, of_job: str, known: Hub, send: Send
) -> None:
    send(0, shift=1.0)

    [report] = known.get(f"/v1/drifting-metrics?model_id=income&stattest={stattest}")

    summary = report["data_drift_summary"]
    age, job = (summary["drift_by_columns"][name] for name in ("age", "job"))
    assert (age["stattest_name"], job["stattest_name"]) == (of_age, of_job)
    assert (age["drift_detected"], job["drift_detected"]) == (True, False)


def test_an_unknown_statistic_is_refused_by_a_list_of_those_there_are(known: Hub) -> None:
    status, detail = known.refused("GET", "/v1/drifting-metrics?model_id=income&stattest=vibes")

    assert (status, detail) == (422, "stattest: 'vibes' is unknown")


def test_integrity_is_what_numpy_says_of_the_rows(known: Hub, bench: Bench, send: Send) -> None:
    send(0)
    age = bench.rows(500, seed=0).age
    there = age[~np.isnan(age)]

    [report] = known.get("/v1/model-integrity-metrics?model_id=income")

    said = {name: values["age"] for name, values in report["feature_metrics"].items()}
    assert (said["missing_count"], said["non_missing_count"]) == (500 - there.size, there.size)
    assert said["mean"] == pytest.approx(there.mean(), abs=1e-5)
    assert said["sum"] == pytest.approx(there.sum(), abs=1e-2)
    assert said["variance"] == pytest.approx(there.var(ddof=1), rel=1e-6)
    assert said["standard_deviation"] == pytest.approx(there.std(ddof=1), rel=1e-6)
    assert said["minimum"] <= max(there.min(), 15.0)
    assert said["maximum"] >= min(there.max(), 65.0)
    job = {name: values["job"] for name, values in report["feature_metrics"].items()}
    assert (job["non_missing_count"], job["unseen_count"], job["mean"]) == (500, 0, None)


def test_windows_give_the_counts_beside_the_references(
    known: Hub, bench: Bench, send: Send
) -> None:
    send(0)
    rows = bench.rows(500, seed=0)

    [window] = known.get("/v1/windows?model_id=income")

    age, job = window["features"]["age"], window["features"]["job"]
    edges = [-np.inf, *age["edges"], np.inf]
    assert age["counts"] == np.histogram(rows.age[~np.isnan(rows.age)], edges)[0].tolist()
    assert age["missing"] == int(np.isnan(rows.age).sum())
    assert job["categories"] == ["clerk", "driver", "nurse"]
    assert job["counts"] == [*np.bincount(rows.job, minlength=3).tolist(), 0, 0]
    assert sum(job["reference"]["counts"]) == 20_000


def test_windows_can_be_of_one_feature(known: Hub, send: Send) -> None:
    send(0)

    [window] = known.get("/v1/windows?model_id=income&feature=job")
    [none] = known.get("/v1/windows?model_id=income&feature=size")

    assert (list(window["features"]), none["features"]) == (["job"], {})


def test_reports_are_of_the_newest_windows_and_the_newest_is_last(known: Hub, send: Send) -> None:
    send(0, 1, 2, 3)

    def starts(query: str) -> list[str]:
        reports = known.get(f"/v1/performance-metrics?model_id=income{query}")
        return [report["window_start"][11:13] for report in reports]

    assert starts("") == ["00", "01", "02", "03"]
    assert starts("&limit=2") == ["02", "03"]
    assert starts("&limit=2&until=2026-01-01T02:30:00Z") == ["01", "02"]
    assert starts("&until=2026-01-01T01:00:00%2B01:00") == ["00"]
    assert starts("&until=2025-01-01") == []
    assert starts("&segment=1") == []


def test_a_window_of_no_rows_says_nothing_of_performance_or_drift(known: Hub, send: Send) -> None:
    send(0, rows=0)

    reports = {name: known.get(f"/v1/{name}?model_id=income") for name in REPORTS}

    [performance] = reports["performance-metrics"]
    assert (performance["accuracy"], performance["scored_rows"]) == (None, 0)
    [drift] = reports["drifting-metrics"]
    column = drift["data_drift_summary"]["drift_by_columns"]["age"]
    assert (column["drift_score"], column["verdict"]) == (None, "not_enough_data")


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_without_a_model_is_refused(hub: Hub, name: str) -> None:
    assert hub.refused("GET", f"/v1/{name}") == (422, "model_id: is missing")
    assert hub.refused("GET", f"/v1/{name}?model_id=loans")[0] == 404


BAD = ("until=yesterday", "segment=-1", "limit=none", "until=" + "9" * 5_000)


@pytest.mark.parametrize("query", BAD, ids=lambda query: query[:12])
def test_a_question_that_is_not_possible_is_refused_by_field(known: Hub, query: str) -> None:
    status, detail = known.refused("GET", f"/v1/windows?model_id=income&{query}")

    assert status == 422
    assert detail.startswith(query.split("=", maxsplit=1)[0])


def test_a_model_without_windows_has_no_reports(known: Hub) -> None:
    reports: list[Any] = [known.get(f"/v1/{name}?model_id=income") for name in REPORTS]

    assert reports == [[], [], [], []]
