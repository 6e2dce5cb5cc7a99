"""The same rows give the same bytes wherever they lie, and files are read as what they hold."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from whitebox_agent.profile import Progress, dataset, profile, source
from whitebox_wire.codec import decode_bundle, encode_bundle
from whitebox_wire.errors import ConfigError, DataError
from whitebox_wire.messages import Dataset

Maker = Callable[[pd.DataFrame, Path], Any]


def _csv(frame: pd.DataFrame, folder: Path) -> Path:
    path = folder / f"rows-{len(frame)}.csv"
    frame.to_csv(path, index=False)
    return path


def _csv_gz(frame: pd.DataFrame, folder: Path) -> str:
    path = folder / f"rows-{len(frame)}.csv.gz"
    path.write_bytes(gzip.compress(frame.to_csv(index=False).encode()))
    return str(path)


def _parquet(frame: pd.DataFrame, folder: Path) -> Path:
    path = folder / f"rows-{len(frame)}.parquet"
    frame.to_parquet(path, row_group_size=700, index=False)
    return path


def _chunks(frame: pd.DataFrame, _: Path) -> Iterator[pd.DataFrame]:
    for start in range(0, len(frame), 137):
        yield frame.iloc[start : start + 137]


def _mixed_chunks(frame: pd.DataFrame, _: Path) -> Iterator[object]:
    yield frame.iloc[:10].to_dict("records")
    yield pa.Table.from_pandas(frame.iloc[10:500], preserve_index=False)
    yield {name: column.tolist() for name, column in frame.iloc[500:].items()}


SOURCES: dict[str, Maker] = {
    "nullable": lambda frame, _: frame.convert_dtypes(),
    "arrow dtypes": lambda frame, _: frame.convert_dtypes(dtype_backend="pyarrow"),
    "categories": lambda frame, _: frame.astype({"job": "category", "y": "category"}),
    "arrow": lambda frame, _: pa.Table.from_pandas(frame, preserve_index=False),
    "dict of lists": lambda frame, _: {n: c.tolist() for n, c in frame.items()},
    "dict of arrays": lambda frame, _: {n: c.to_numpy() for n, c in frame.items()},
    "list of dicts": lambda frame, _: frame.to_dict("records"),
    "object array": lambda frame, _: frame.to_numpy(object),
    "list of frames": lambda frame, _: [frame.iloc[:100], frame.iloc[100:]],
    "chunks": _chunks,
    "mixed chunks": _mixed_chunks,
    "csv": _csv,
    "csv.gz": _csv_gz,
    "parquet": _parquet,
}


def _bundle(data: object, test: object) -> bytes:
    return encode_bundle(
        profile(
            data,
            test=test,
            model_id="loan",
            kind="binary",
            target="y",
            scores="score",
            names=("income", "children", "job", "member", "score", "prediction", "y"),
        ).bundle
    )


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_the_same_rows_give_the_same_bytes_wherever_they_lie(
    make: Maker, frame: pd.DataFrame, test_frame: pd.DataFrame, tmp_path: Path
) -> None:
    expected = _bundle(frame, test_frame)

    assert _bundle(make(frame, tmp_path), make(test_frame, tmp_path)) == expected


def test_a_numeric_array_gives_the_bytes_of_the_frame_it_is_of(frame: pd.DataFrame) -> None:
    numbers = frame[["income", "children", "score"]].assign(y=(frame.y == "yes").astype(float))
    names = tuple(numbers.columns)

    of_array = profile(
        numbers.to_numpy(), model_id="m", kind="binary", target="y", names=names
    ).bundle
    of_frame = profile(numbers, model_id="m", kind="binary", target="y").bundle

    assert encode_bundle(of_array) == encode_bundle(of_frame)


def test_sampled_columns_do_not_depend_on_chunks(
    frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset, "SAMPLE_MAX", 400)

    whole = _bundle(frame, None)

    assert _bundle(_chunks(frame, Path()), None) == whole


def test_a_profile_saved_reads_back_as_it_was(frame: pd.DataFrame, tmp_path: Path) -> None:
    made = profile(frame, model_id="m", kind="binary", target="y", scores="score")

    path = made.save(tmp_path / "m.spec")

    assert decode_bundle(path.read_bytes()).digest == made.bundle.digest
    assert [p.name for p in tmp_path.iterdir()] == ["m.spec"]


def test_an_iterator_is_consumed_once_and_in_small_pieces(frame: pd.DataFrame) -> None:
    asked: list[int] = []

    def chunks() -> Iterator[pd.DataFrame]:
        for start in range(0, len(frame), 1_000):
            asked.append(start)
            yield frame.iloc[start : start + 1_000]

    made = profile(chunks(), model_id="m", kind="binary", target="y")

    assert asked == [0, 1_000, 2_000]
    assert made.bundle.references[0].rows == len(frame)


def test_progress_ends_with_all_rows_of_every_stage(
    frame: pd.DataFrame, test_frame: pd.DataFrame, tmp_path: Path
) -> None:
    told: list[Progress] = []
    path = _csv(frame, tmp_path)

    profile(path, test=test_frame, model_id="m", kind="binary", target="y", progress=told.append)

    last = {step.stage: step for step in told}
    assert list(last) == [
        f"types of {path.name}",
        "reading the training set",
        "reading the test set",
        "counting the training set",
        "counting the test set",
    ]
    assert [step.rows for step in last.values()] == [3_000, 3_000, 1_000, 3_000, 1_000]


def test_csv_types_follow_from_the_whole_file(tmp_path: Path) -> None:
    lines = ["late,zip,flag,when,y", *("1.5,01234,True,2026-01-01,0",) * 60_000]
    lines += ["?,10115,false,2026-01-02 10:00,1", ",,,,0"]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(lines))

    made = profile(path, model_id="m", kind="binary", target="y")

    kinds = {column.name: column.type for column in made.columns}
    assert kinds == {
        "late": "categorical",
        "zip": "categorical",
        "flag": "boolean",
        "y": "classes",
    }
    assert [out.column for out in made.left_out] == ["when"]


def test_csv_texts_that_are_to_be_numbers_are_parsed_or_invalid(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("x,zip,y\n 1.5 ,01,0\n?,02,1\n,03,1\ninf,04,0\n")

    made = profile(
        path, model_id="m", kind="binary", target="y", types={"x": "numeric", "zip": "numeric"}
    )

    x, *_ = made.columns
    assert (x.type, x.distinct, x.missing_share, x.note) == (
        "numeric",
        1,
        0.25,
        "constant, 2 invalid",
    )
    assert made.columns[1].distinct == 4


def test_a_csv_test_set_has_the_types_of_the_training_set(tmp_path: Path) -> None:
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    train.write_text("x,y\n1,0\n2,1\n3,1\n")
    test.write_text("x,y\n1,0\n?,1\n2,1\n")

    made = profile(train, test=test, model_id="m", kind="binary", target="y")

    [_, reference] = made.bundle.references
    assert reference.dataset is Dataset.TEST
    features = next(iter(reference.vectors.values()))
    assert features[1:6].tolist() == [0, 1, 1, 0, 0]
    assert features[6:8].tolist() == [0, 1]


BROKEN = {
    "nothing.csv": (None, "no such file"),
    "rows.xlsx": (b"x", "not a known kind of file"),
    "bad.parquet": (b"PAR1 nothing PAR1", "cannot be read"),
    "empty.csv": (b"", "cannot be read"),
    "header.csv": (b"x,y\n", "the training set is empty"),
    "ragged.csv": (b"x,y\n1,2\n1\n", "cannot be read"),
    "twice.csv": (b"x,x,y\n1,2,0\n", "'x' appears twice"),
    "latin.csv": (b"x,y\n\xff\xfe,1\n", "cannot be read"),
    "bad.csv.gz": (b"no gzip", "cannot be read"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_cannot_be_read_is_named(name: str, tmp_path: Path) -> None:
    content, message = BROKEN[name]
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(DataError, match=message):
        profile(tmp_path / name, model_id="m", kind="binary", target="y")


def test_a_parquet_file_that_names_a_column_twice_is_refused(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["x", "x"])
    pq.write_table(table, tmp_path / "rows.parquet")

    with pytest.raises(DataError, match="'x' appears twice"):
        profile(tmp_path / "rows.parquet", model_id="m", kind="binary", target="x")


def test_the_index_of_a_frame_in_a_parquet_file_is_left_out(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0], "y": [0, 1]}, index=[7, 9])
    frame.to_parquet(tmp_path / "rows.parquet")

    made = profile(tmp_path / "rows.parquet", model_id="m", kind="binary", target="y")

    assert [f.name for f in made.bundle.spec.features] == ["x"]
    assert made.left_out[0].reason.startswith("it is the index")


def test_files_without_pyarrow_say_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rows.csv").write_text("x,y\n1,0\n")
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(ConfigError, match="pyarrow") as caught:
        profile(tmp_path / "rows.csv", model_id="m", kind="binary", target="y")

    assert caught.value.hint == "pip install 'whitebox-edge[profile]'"


def test_profiling_needs_neither_pandas_nor_pyarrow() -> None:
    script = (
        "import sys\n"
        "sys.modules['pandas'] = sys.modules['pyarrow'] = None\n"
        "import numpy\n"
        "from whitebox_agent.profile import profile\n"
        "data = {'x': numpy.arange(4.0), 'y': [0, 1, 0, 1]}\n"
        "profile(data, model_id='m', kind='binary', target='y')\n"
    )

    subprocess.run([sys.executable, "-c", script], check=True)


def test_every_row_is_read_whatever_the_chunk(
    frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _bundle(frame, None)
    monkeypatch.setattr(source, "CHUNK_ROWS", 101)

    for data in (frame, pa.Table.from_pandas(frame), {n: c.to_numpy() for n, c in frame.items()}):
        assert _bundle(data, None) == expected
