"""pandas columns as cells: categories stay coded, texts are coded by pandas itself.

Recognises pandas (2.2 and 3) by the module that a caller's DataFrame has loaded, and imports
nothing. Times with a zone become UTC.
"""

from __future__ import annotations

import sys
from typing import Any, TypeGuard

import numpy as np

from whitebox_agent.table.arrow import arrow_cells
from whitebox_agent.table.cells import Cells
from whitebox_wire.messages import Codes


def is_frame(data: object) -> TypeGuard[Any]:
    return isinstance(data, _types("DataFrame"))


def is_pandas_column(data: object) -> TypeGuard[Any]:
    """Whether `data` is a Series, an Index, or an array of pandas' own, such as a Categorical."""
    return isinstance(data, (*_types("Series"), *_types("Index"), *_extension_array()))


def pandas_cells(column: Any) -> Cells:
    """The cells of a Series, an Index or a pandas array."""
    pandas = sys.modules["pandas"]
    series = pandas.Series(column)
    dtype = series.dtype
    if isinstance(dtype, np.dtype):
        return np.asarray(series)
    for kind, read in (
        (pandas.CategoricalDtype, _categorical),
        (pandas.StringDtype, _texts),
        (pandas.ArrowDtype, _arrow),
        (pandas.DatetimeTZDtype, _zoned),
    ):
        if isinstance(dtype, kind):
            return read(series)
    # pandas' nullable numbers and booleans know the dtype they would have in numpy.
    return _nullable(series) if hasattr(dtype, "numpy_dtype") else np.asarray(series)


def _categorical(series: Any) -> Cells:
    texts = tuple(series.cat.categories)
    if all(isinstance(text, str) for text in texts):
        return Codes(series.cat.codes.to_numpy(np.int32), tuple(map(str, texts)))
    # Categories that are numbers may belong to a numeric feature.
    return np.asarray(series)


def _texts(series: Any) -> Cells:
    codes, texts = series.factorize()
    return Codes(codes.astype(np.int32), tuple(map(str, texts)))


def _arrow(series: Any) -> Cells:
    return arrow_cells(series.array.__arrow_array__())


def _zoned(series: Any) -> Cells:
    return np.asarray(series.dt.tz_convert(None))


def _nullable(series: Any) -> Cells:
    dtype = series.dtype.numpy_dtype
    if not series.hasnans:
        return np.asarray(series.to_numpy(dtype))
    if dtype.kind == "b":
        return np.asarray(series.to_numpy(object, na_value=None))
    return np.asarray(series.to_numpy(np.float64, na_value=np.nan))


def _types(name: str) -> tuple[type, ...]:
    """The type of pandas' of that name, or nothing where pandas is not (yet) loaded."""
    found = getattr(sys.modules.get("pandas"), name, None)
    return () if found is None else (found,)


def _extension_array() -> tuple[type, ...]:
    extensions = getattr(getattr(sys.modules.get("pandas"), "api", None), "extensions", None)
    found = getattr(extensions, "ExtensionArray", None)
    return () if found is None else (found,)
