"""Parquet and CSV files through pyarrow, which is imported when a file is opened.

A CSV file says no types. A column is one of numbers when every text in the whole file is a number
and none has a leading zero, as postal codes do; else its cells stay texts.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from whitebox_agent.profile.progress import Meter
from whitebox_agent.table import Table, read_table
from whitebox_wire.errors import ConfigError, DataError
from whitebox_wire.vector import FloatArray

# A text longer than this cannot be read from a CSV file.
CSV_BLOCK_BYTES = 16 * 1024 * 1024
_LEADING_ZERO = "^[+-]?0[0-9]"


class ParquetFile:
    """A Parquet file, opened anew for each reading."""

    def __init__(self, path: Path, chunk_rows: int) -> None:
        """Look at the file's footer.

        Raises:
            ConfigError: pyarrow is not installed.
            DataError: not a Parquet file.
        """
        self._path, self._chunk_rows = path, chunk_rows
        with _pyarrow(path) as arrow, arrow.parquet.ParquetFile(path) as file:
            self.rows: int | None = file.metadata.num_rows

    def chunks(self) -> Iterator[Table]:
        """All rows; DataError when a page cannot be read or two columns share a name."""
        with _pyarrow(self._path) as arrow, arrow.parquet.ParquetFile(self._path) as file:
            for batch in file.iter_batches(self._chunk_rows):
                yield read_table(batch)


class CsvFile:
    """A CSV file with a header, plain or compressed by gzip, opened anew for each reading."""

    def __init__(self, path: Path, numeric: Collection[str], meter: Meter) -> None:
        """Read the whole file once for its columns' types; `numeric` columns are not asked.

        Raises:
            ConfigError: pyarrow is not installed.
            DataError: not a CSV file, or two columns share a name.
        """
        self._path = path
        texts: set[str] = set()
        rows = 0
        meter.begin(f"types of {path.name}", None)
        with _pyarrow(path) as arrow:
            for batch in self._batches(arrow):
                rows += batch.num_rows
                texts |= {
                    name
                    for name, column in zip(batch.schema.names, batch.columns, strict=True)
                    if name not in texts and not _are_numbers(column, arrow)
                }
                meter.add(batch.num_rows)
        self.rows: int | None = rows
        self._texts = texts - set(numeric)

    def chunks(self) -> Iterator[Table]:
        """All rows; DataError when the file cannot be read any more."""
        with _pyarrow(self._path) as arrow:
            for batch in self._batches(arrow):
                columns = {
                    name: column if name in self._texts else _numbers(column, arrow)
                    for name, column in zip(batch.schema.names, batch.columns, strict=True)
                }
                yield read_table(columns) if columns else Table(0, {})

    def _batches(self, arrow: Any) -> Iterator[Any]:
        """Blocks of the file, every column as texts."""
        csv = arrow.csv
        read = csv.ReadOptions(block_size=CSV_BLOCK_BYTES)
        parse = csv.ParseOptions(newlines_in_values=True)
        with csv.open_csv(self._path, read, parse) as reader:
            schema = reader.schema
        read_table(schema.empty_table())  # refuses a header that names a column twice
        convert = csv.ConvertOptions(
            column_types=dict.fromkeys(schema.names, arrow.string()), strings_can_be_null=True
        )
        with csv.open_csv(self._path, read, parse, convert) as reader:
            yield from reader


@contextmanager
def _pyarrow(path: Path) -> Iterator[Any]:
    """The library; its errors become ours."""
    try:
        import pyarrow as pa
        import pyarrow.compute
        import pyarrow.csv
        import pyarrow.parquet
    except ImportError as error:
        raise ConfigError(
            f"{path}: reading files needs pyarrow", hint="pip install 'whitebox-edge[profile]'"
        ) from error
    try:
        yield pa
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read: {str(error)[:200]}") from error


def _are_numbers(column: Any, arrow: Any) -> bool:
    compute = arrow.compute
    trimmed = compute.utf8_trim_whitespace(column)
    try:
        compute.cast(trimmed, arrow.float64())
    except arrow.ArrowInvalid:
        return False
    return not compute.any(compute.match_substring_regex(trimmed, _LEADING_ZERO)).as_py()


def _numbers(column: Any, arrow: Any) -> FloatArray:
    """The numbers that a column's texts are: missing is NaN, another text is invalid."""
    trimmed = arrow.compute.utf8_trim_whitespace(column)
    try:
        cells = arrow.compute.cast(trimmed, arrow.float64())
    except arrow.ArrowInvalid:
        return np.array([_number(text) for text in trimmed.to_pylist()], np.float64)
    return np.asarray(cells.to_numpy(zero_copy_only=False))


def _number(text: str | None) -> float:
    try:
        return math.nan if text is None else float(text)
    except ValueError:
        return math.inf
