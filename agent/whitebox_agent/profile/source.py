"""Where training rows come from, as chunks that can be read more than once.

Data in memory is sliced; a file is read again each time; an iterator of chunks, which can be read
once only, goes to a temporary file of this machine. So memory holds a chunk at a time.
"""

from __future__ import annotations

import pickle
import tempfile
import weakref
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Protocol, TypeGuard

import numpy as np

from whitebox_agent.profile.progress import Meter
from whitebox_agent.profile.pyarrow_files import CsvFile, ParquetFile
from whitebox_agent.table import Table, read_table
from whitebox_agent.table.arrow import is_arrow_table
from whitebox_agent.table.frames import is_frame
from whitebox_wire.errors import DataError
from whitebox_wire.messages import Codes

CHUNK_ROWS = 65_536


class Source(Protocol):
    """Rows in a fixed order. `rows` is None until they are counted."""

    @property
    def rows(self) -> int | None: ...

    def chunks(self) -> Iterator[Table]:
        """All rows from the first, in tables of bounded size."""
        ...


def open_source(
    data: object, names: Sequence[str], numeric: Collection[str], meter: Meter
) -> Source:
    """The source of rows in `data`: a path, anything `read_table` reads, or chunks of that.

    `names` names the columns of plain numpy arrays, in order. `numeric` are columns of which a CSV
    file's texts are to be numbers.

    Raises:
        DataError: data of another type, or a file that is not there.
        ConfigError: a file's reader is not installed.
    """
    if isinstance(data, (str, Path)):
        return _open_file(Path(data), numeric, meter)
    if _is_chunks(data):
        return Spool(read_table(chunk, names) for chunk in data)
    if is_frame(data):
        return Slices(data, len(data))
    if is_arrow_table(data):
        return Slices(data, data.num_rows)
    table = read_table(data, names)
    return Slices(table, table.rows)


def _open_file(path: Path, numeric: Collection[str], meter: Meter) -> Source:
    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    name = path.name.lower()
    if name.endswith((".csv", ".csv.gz")):
        return CsvFile(path, numeric, meter)
    if name.endswith((".parquet", ".pq")):
        return ParquetFile(path, CHUNK_ROWS)
    raise DataError(f"{path}: not a known kind of file", hint="pass .csv, .csv.gz or .parquet")


def _is_chunks(data: object) -> TypeGuard[Iterable[object]]:
    """Whether data is an iterator, or a list of tables."""
    if isinstance(data, (list, tuple)):
        return bool(data) and (is_frame(data[0]) or is_arrow_table(data[0]))
    known = isinstance(data, (Mapping, Sequence, np.ndarray, Table))
    return isinstance(data, Iterable) and not (known or is_frame(data) or is_arrow_table(data))


class Slices:
    """Data in memory, a slice at a time: a Table, a DataFrame or an Arrow table."""

    def __init__(self, data: Any, rows: int) -> None:
        self._data = data
        self.rows: int | None = rows

    def chunks(self) -> Iterator[Table]:
        for start in range(0, self.rows or 0, CHUNK_ROWS):
            yield self._slice(start)

    def _slice(self, start: int) -> Table:
        data = self._data
        if is_frame(data):
            return read_table(data.iloc[start : start + CHUNK_ROWS])
        if is_arrow_table(data):
            return read_table(data.slice(start, CHUNK_ROWS))
        part = slice(start, start + CHUNK_ROWS)
        columns = {
            name: Codes(c.codes[part], c.dictionary) if isinstance(c, Codes) else c[part]
            for name, c in data.columns.items()
        }
        return Table(min(CHUNK_ROWS, data.rows - start), columns)


class Spool:
    """Chunks that came once, in a file without a name that ends with this object."""

    def __init__(self, chunks: Iterable[Table]) -> None:
        self.rows: int | None = None
        self._coming: Iterable[Table] | None = chunks
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="whitebox-")  # noqa: SIM115  # it lives as long as the object
        weakref.finalize(self, self._file.close)

    def chunks(self) -> Iterator[Table]:
        if self._coming is not None:
            return self._first()
        return self._again()

    def _first(self) -> Iterator[Table]:
        assert self._coming is not None  # `chunks` has looked
        rows = 0
        for table in self._coming:
            pickle.dump(table, self._file, pickle.HIGHEST_PROTOCOL)
            rows += table.rows
            yield table
        self.rows, self._coming = rows, None

    def _again(self) -> Iterator[Table]:
        end = self._file.tell()
        self._file.seek(0)
        while self._file.tell() < end:
            yield pickle.load(self._file)  # noqa: S301  # this process wrote it, and nobody else can
