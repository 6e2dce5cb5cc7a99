"""CBPE beside NannyML's on its own data sets, chunk by chunk (see the golden files)."""

from __future__ import annotations

import pytest

from tests.bench.label_free import Comparison, compare, figures

Compared = dict[str, dict[str, Comparison]]


@pytest.fixture(scope="module")
def compared() -> Compared:
    return compare()


@pytest.mark.parametrize(("name", "chunks"), [("census", 42), ("car_loan", 10), ("credit", 12)])
def test_roc_auc_is_nannymls_within_a_thousandth(
    compared: Compared, name: str, chunks: int
) -> None:
    auroc = compared[name]["roc_auc"]

    assert auroc.ours.size == chunks
    assert auroc.from_theirs < 0.001


@pytest.mark.parametrize("name", ["census", "car_loan", "credit"])
def test_every_metric_is_nannymls_within_two_thousandths(compared: Compared, name: str) -> None:
    assert all(metric.from_theirs < 0.002 for metric in compared[name].values())


@pytest.mark.parametrize("name", ["census", "car_loan", "credit"])
def test_realised_values_are_met_as_well_as_nannyml_meets_them(
    compared: Compared, name: str
) -> None:
    for metric in compared[name].values():
        assert metric.from_realised < metric.theirs_from_realised + 0.001


def test_figures_are_of_the_worse_binary_set(compared: Compared) -> None:
    said = figures(compared)

    assert said["cbpe_auroc_vs_nannyml"] < 0.001
    assert said["cbpe_auroc_vs_realised"] == pytest.approx(0.004, abs=0.0002)
