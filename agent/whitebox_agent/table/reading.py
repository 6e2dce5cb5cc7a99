"""A caller's data as columns, whatever it comes as.

pandas and pyarrow are recognised by what is loaded already, never imported: data of theirs can only
come from a process that has them. No value is judged here; cells keep what they hold until a spec
says what belongs in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from whitebox_agent.table.arrow import arrow_cells, is_arrow_column, is_arrow_table
from whitebox_agent.table.cells import Cells
from whitebox_agent.table.frames import is_frame, is_pandas_column, pandas_cells
from whitebox_wire.errors import DataError
from whitebox_wire.messages import Codes

_ACCEPTED = (
    "pass a dict of values (one row), a list of dicts, a dict of columns, a pandas DataFrame, "
    "a pyarrow Table or a numpy array"
)


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of `rows` cells each, by name, in the caller's order."""

    rows: int
    columns: Mapping[str, Cells]


def read_table(data: object, names: Sequence[str] = ()) -> Table:
    """The rows in `data`.

    `data` is a mapping of scalars (one row), a sequence of mappings (rows; a key that a row does
    not have is a missing cell), a mapping of columns, a pandas DataFrame, a pyarrow Table or
    RecordBatch, a structured numpy array, or a plain one whose columns `names` names in order
    (one dimension is one row). Other data bring their own names, and `names` is not looked at.

    Raises:
        DataError: another type, two columns of one name, or columns of different lengths.

    >>> read_table([{"age": 40}, {"age": 50, "job": "nurse"}]).columns["job"].tolist()
    [None, 'nurse']
    """
    if isinstance(data, Table):
        return data
    if is_frame(data):
        columns = [pandas_cells(data.iloc[:, place]) for place in range(data.shape[1])]
        return _table(data.columns, columns, rows=len(data))
    if is_arrow_table(data):
        return _table(data.schema.names, map(arrow_cells, data.columns), rows=data.num_rows)
    if isinstance(data, np.ndarray):
        return _from_array(data, names)
    if isinstance(data, Mapping):
        return _from_mapping(data)
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes, bytearray)):
        return _from_rows(data)
    raise DataError(f"rows cannot be read from {_named(data)}", hint=_ACCEPTED)


def read_column(values: object, name: str) -> Cells:
    """One column's cells from a list, an array, or a column of pandas or pyarrow.

    Raises:
        DataError: it is none of these, or has more than one dimension.
    """
    if not is_column(values):
        raise DataError(f"column {name!r} is {_named(values)}", hint="pass a list or an array")
    if is_pandas_column(values):
        return pandas_cells(values)
    if is_arrow_column(values):
        return arrow_cells(values)
    if isinstance(values, Sequence):
        return np.fromiter(values, object, len(values))
    array = np.asanyarray(values)
    if array.ndim != 1:
        raise DataError(
            f"column {name!r} has {array.ndim} dimensions", hint="give each column a name"
        )
    return _unmasked(array)


def _table(names: Iterable[object], columns: Iterable[Cells], *, rows: int) -> Table:
    texts = [_column_name(name) for name in names]
    twice = [name for name, count in Counter(texts).items() if count > 1]
    if twice:
        raise DataError(f"column {twice[0]!r} appears twice", hint="rename one of them")
    return Table(rows, dict(zip(texts, columns, strict=True)))


def _column_name(name: object) -> str:
    if isinstance(name, str):
        return str.__str__(name)
    if isinstance(name, (int, np.integer)) and not isinstance(name, bool):
        return str(name)
    raise DataError(f"column name {name!r} is {_named(name)}", hint="name columns by text")


def _from_array(array: npt.NDArray[Any], names: Sequence[str]) -> Table:
    if array.dtype.names is not None:
        fields = [read_column(array.reshape(-1)[name], name) for name in array.dtype.names]
        return _table(array.dtype.names, fields, rows=array.size)
    if array.ndim not in (1, 2):
        raise DataError(f"a numpy array of {array.ndim} dimensions", hint="pass [rows, columns]")
    if not names:
        raise DataError(
            f"a numpy array of {array.ndim} dimension(s) has no column names",
            hint="name its columns in order, or pass a dict of columns",
        )
    rows = np.atleast_2d(array)
    if rows.shape[1] != len(names):
        raise DataError(
            f"a numpy array of {rows.shape[1]} columns for {len(names)} names",
            hint="the columns are " + ", ".join(map(str, names[:10])),
        )
    return _table(names, map(_unmasked, rows.T), rows=len(rows))


def _from_mapping(data: Mapping[Any, object]) -> Table:
    many = [name for name, values in data.items() if is_column(values)]
    if not many:
        return _from_rows([data])
    if len(many) < len(data):
        single = next(name for name in data if name not in many)
        raise DataError(
            f"column {single!r} is a single value but {many[0]!r} is a sequence",
            hint="make every column a sequence, or pass one row as [{...}]",
        )
    columns = [read_column(values, str(name)) for name, values in data.items()]
    lengths = [_length(cells) for cells in columns]
    for name, length in zip(data, lengths, strict=True):
        if length != lengths[0]:
            raise DataError(
                f"column {name!r} has {length} values but {many[0]!r} has {lengths[0]}",
                hint="every column needs one value a row",
            )
    return _table(data, columns, rows=lengths[0])


def _from_rows(data: Sequence[Any]) -> Table:
    names: dict[object, None] = {}
    for place, row in enumerate(data):
        if not isinstance(row, Mapping):
            raise DataError(f"row {place} is {_named(row)}, not a dict", hint=_ACCEPTED)
        names.update(dict.fromkeys(row))
    columns = [np.fromiter((row.get(name) for row in data), object, len(data)) for name in names]
    return _table(names, columns, rows=len(data))


def is_column(values: object) -> bool:
    """Whether a mapping's value is a whole column: a list, a tuple or anything like an array."""
    if isinstance(values, (str, bytes, bytearray, Mapping)):
        return False
    if isinstance(values, Sequence) or is_arrow_column(values):
        return True
    return hasattr(values, "__array__") and bool(getattr(values, "ndim", 1))


def _unmasked(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array, in which the masked cells of a masked array are None."""
    if not isinstance(array, np.ma.MaskedArray):
        return np.asarray(array)
    cells: npt.NDArray[Any] = np.array(array.data, object)
    cells[np.ma.getmaskarray(array)] = None
    return cells


def _length(cells: Cells) -> int:
    return cells.codes.size if isinstance(cells, Codes) else cells.size


def _named(value: object) -> str:
    """A type as people know it.

    >>> _named(3.5)
    'a float'
    """
    kind = type(value)
    package = kind.__module__.partition(".")[0]
    name = kind.__qualname__ if package == "builtins" else f"{package}.{kind.__qualname__}"
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
