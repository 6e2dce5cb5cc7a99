"""Segments as texts, in profiles, and as references of their own."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whitebox_agent.cli import main
from whitebox_agent.profile import ModelProfile, profile
from whitebox_agent.profile.segments import read_segment, segments_of
from whitebox_wire.codec import decode_bundle, encode_bundle
from whitebox_wire.errors import ConfigError, SpecError
from whitebox_wire.layout import Layout, Section
from whitebox_wire.messages import Dataset
from whitebox_wire.spec import NumericRange, Predicate, Segment

GUIDE = Path(__file__).parents[3] / "deploy" / "guide" / "segments.md"
INFINITE = math.inf


def below(feature: str, number: float) -> Predicate:
    return Predicate(feature, NumericRange(-INFINITE, number))


def from_(feature: str, number: float) -> Predicate:
    return Predicate(feature, NumericRange(number, INFINITE))


NEXT_30 = math.nextafter(30.0, INFINITE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("young: age < 30", Segment("young", (below("age", 30.0),))),
        ("young:age<30", Segment("young", (below("age", 30.0),))),
        ("a: age <= 30", Segment("a", (below("age", NEXT_30),))),
        ("a: age > 30", Segment("a", (from_("age", NEXT_30),))),
        ("a: age >= -1.5e3", Segment("a", (from_("age", -1_500.0),))),
        ("a: 10 < 3", Segment("a", (below("10", 3.0),))),
        (
            "in their forties : age >= 40 and age < 50",
            Segment("in their forties", (from_("age", 40.0), below("age", 50.0))),
        ),
        (
            'n: hours-per-week < 20 and "capital gain" >= 1',
            Segment("n", (below("hours-per-week", 20.0), from_("capital gain", 1.0))),
        ),
        ("n: job in {nurse}", Segment("n", (Predicate("job", ("nurse",)),))),
        (
            'n: job in { nurse, Self emp ,"a, {b}"}',
            Segment("n", (Predicate("job", ("nurse", "Self emp", "a, {b}")),)),
        ),
        ("n: job in {, x}", Segment("n", (Predicate("job", ("", "x")),))),
        ("Berlin: @site=berlin", Segment("Berlin", (), (("site", "berlin"),))),
        (
            'b: job in {nurse} and age < 30 @site=berlin @line="2 b" @note=',
            Segment(
                "b",
                (Predicate("job", ("nurse",)), below("age", 30.0)),
                (("site", "berlin"), ("line", "2 b"), ("note", "")),
            ),
        ),
        ("android: and < 3", Segment("android", (below("and", 3.0),))),
    ],
)
def test_a_text_is_the_segment_it_describes(text: str, expected: Segment) -> None:
    assert read_segment(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("age < 30", "has no name"),
        (" : age < 30", "has no name"),
        ("young:", "ends too early"),
        ("young: age", "from 'age' on"),
        ("young: age < ", "from 'age <' on"),
        ("young: age < many", "'many' is no number"),
        ("young: age < nan", "'nan' is no number"),
        ("young: age < inf", "'inf' is no number"),
        ("young: age < 30 and", "ends too early"),
        ("young: age < 30 or age > 60", "from 'or age > 60' on"),
        ("young: age < 30 job in {x}", "from 'job in {x}' on"),
        ("young: job in {x", "from 'job in {x' on"),
        ('young: job in {"a" b}', "is no list of categories"),
        ("young: age < 30 @site", "from '@site' on"),
        ("young: @site=a and age < 30", "from 'and age < 30' on"),
        ("young: age = 30", "from 'age = 30' on"),
    ],
)
def test_a_text_that_is_no_segment_is_refused_where_it_stops_to_make_sense(
    text: str, said: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        read_segment(text)

    assert said in refused.value.message
    assert refused.value.hint is not None
    assert "such as" in refused.value.hint


@given(st.text(max_size=60))
def test_any_text_is_a_segment_or_a_clear_refusal(text: str) -> None:
    try:
        found = read_segment(text)
    except ConfigError:
        return

    assert found.name
    assert found.where or found.labels


def test_the_examples_of_the_guide_are_segments() -> None:
    text = GUIDE.read_text("utf-8")

    examples = [found[1] for found in re.findall(r"--segment ([\"'])(.*?)\1", text)]

    assert [segment.name for segment in segments_of(examples)] == [
        "young",
        "nurses of the north",
        "Berlin",
    ]


def test_segments_may_be_one_or_several_texts_or_values() -> None:
    young = Segment("young", (below("age", 30.0),))

    assert segments_of("young: age < 30") == (young,)
    assert segments_of(young) == (young,)
    assert segments_of([young, "old: age >= 60"])[1].name == "old"
    assert segments_of(()) == ()


@pytest.fixture
def people() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    age = rng.normal(40.0, 10.0, 3_000).round(1)
    age[::50] = np.nan
    job = rng.choice(["clerk", "driver", "nurse"], 3_000)
    truth = rng.choice(["no", "yes"], 3_000)
    return pd.DataFrame({"age": age, "job": job, "prediction": truth, "y": truth})


SEGMENTS = ("young: age < 30", "nurses: job in {nurse} @site=berlin", "Berlin: @site=berlin")


def made(people: pd.DataFrame, *segments: str) -> ModelProfile:
    return profile(
        people, model_id="m", kind="binary", target="y", test=people[:500], segments=segments
    )


def test_every_segment_with_predicates_has_references_of_its_rows(people: pd.DataFrame) -> None:
    bundle = decode_bundle(encode_bundle(made(people, *SEGMENTS).bundle))

    rows = {(r.dataset, r.segment): r.rows for r in bundle.references}
    nurses, young = people["job"] == "nurse", people["age"] < 30
    assert rows == {
        (Dataset.TRAINING, 0): 3_000,
        (Dataset.TRAINING, 1): int(young.sum()),
        (Dataset.TRAINING, 2): int(nurses.sum()),
        (Dataset.TEST, 0): 500,
        (Dataset.TEST, 1): int(young[:500].sum()),
        (Dataset.TEST, 2): int(nurses[:500].sum()),
    }
    assert bundle.spec.segments == segments_of(SEGMENTS)


def test_a_segments_reference_is_a_profile_of_its_rows_alone(people: pd.DataFrame) -> None:
    whole = made(people, *SEGMENTS).bundle
    layout = Layout.of(whole.spec)
    young = people[people["age"] < 30]

    [found] = [r for r in whole.references if (r.dataset, r.segment) == (Dataset.TRAINING, 1)]

    job = layout.features[1]
    counts = found.vectors[Section.FEATURES][job.bins][:3].tolist()
    vocabulary = whole.spec.features[1].bins.vocabulary  # type: ignore[union-attr]  # categories
    assert counts == [int((young["job"] == category).sum()) for category in vocabulary]
    assert found.vectors[Section.LABELS][layout.labels.rows] == len(young)


def test_a_segment_without_rows_has_a_reference_that_says_so(people: pd.DataFrame) -> None:
    bundle = made(people, "ancient: age >= 900").bundle

    empty = [r for r in bundle.references if r.segment == 1]
    assert [r.rows for r in empty] == [0, 0]
    assert not any(vector.any() for r in empty for vector in r.vectors.values())


def test_a_profile_tells_its_segments(people: pd.DataFrame) -> None:
    text = made(people, *SEGMENTS).text()

    young = int((people["age"] < 30).sum())
    assert f"segments: young {young:,} rows, " in text
    assert "Berlin by agent" in text
    assert "references: training 3,000 rows, test 500 rows" in text


@pytest.mark.parametrize(
    ("segment", "said"),
    [
        ("a: size < 30", "tests 'size', which is no feature"),
        ("a: age in {x}", "low < high for 'age'"),
        ("a: job in {king}", "'king' is no category of 'job'"),
        ("a: job < 3", "needs categories for 'job'"),
    ],
)
def test_a_segment_that_the_model_cannot_have_is_refused(
    people: pd.DataFrame, segment: str, said: str
) -> None:
    with pytest.raises(SpecError, match=said):
        made(people, segment)


def test_a_segment_cannot_test_what_is_withheld_or_noised(people: pd.DataFrame) -> None:
    """Its size alone would tell what may not be told."""
    for hiding in ({"withhold": ["age"]}, {"noise": {"age": (1.0, 1e-6)}}):
        with pytest.raises(SpecError, match="segment 'young' tests 'age', which"):
            profile(
                people,
                model_id="m",
                kind="binary",
                target="y",
                segments="young: age < 30",
                **hiding,
            )


def test_the_command_takes_segments(people: pd.DataFrame, tmp_path: Path) -> None:
    people.to_csv(tmp_path / "people.csv", index=False)
    command = [
        *("profile", str(tmp_path / "people.csv"), "--model-id", "m", "--kind", "binary"),
        *("--target", "y", "-o", str(tmp_path / "m.spec")),
        *("--segment", SEGMENTS[0], "--segment", SEGMENTS[1]),
    ]

    assert main(command) == 0

    bundle = decode_bundle((tmp_path / "m.spec").read_bytes())
    assert [segment.name for segment in bundle.spec.segments] == ["young", "nurses"]


def test_the_command_refuses_a_segment_it_cannot_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [
        *("profile", str(tmp_path / "none.csv"), "--model-id", "m", "--kind", "binary"),
        *("--target", "y", "-o", str(tmp_path / "m.spec"), "--segment", "age < 30"),
    ]

    assert main(command) == 78
    assert "segment 'age < 30' has no name" in capsys.readouterr().err
