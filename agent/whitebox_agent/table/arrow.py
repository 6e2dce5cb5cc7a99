"""pyarrow columns as cells: dictionary columns stay coded, texts are coded by Arrow itself.

Recognises pyarrow by the module that a caller's table has loaded, and imports nothing.
"""

from __future__ import annotations

import sys
from typing import Any, TypeGuard

import numpy as np

from whitebox_agent.table.cells import Cells
from whitebox_wire.messages import MISSING, Codes


def is_arrow_table(data: object) -> TypeGuard[Any]:
    return isinstance(data, _types("Table", "RecordBatch"))


def is_arrow_column(data: object) -> TypeGuard[Any]:
    return isinstance(data, _types("Array", "ChunkedArray"))


def arrow_cells(column: Any) -> Cells:
    """The cells of an Array or a ChunkedArray."""
    arrow = sys.modules["pyarrow"]
    types = arrow.types
    if isinstance(column.type, arrow.BaseExtensionType):
        column = column.cast(column.type.storage_type)
    kind = column.type
    if types.is_null(kind):
        return np.full(len(column), None, object)
    if types.is_dictionary(kind):
        return _dictionary(column, kind.value_type)
    if types.is_string(kind) or types.is_large_string(kind):
        return _coded(column.dictionary_encode())
    if types.is_nested(kind) or types.is_string_view(kind) or types.is_binary_view(kind):
        return np.fromiter(column.to_pylist(), object, len(column))
    return np.asarray(_array(column).to_numpy(zero_copy_only=False))


def _dictionary(column: Any, value_type: Any) -> Cells:
    types = sys.modules["pyarrow"].types
    if types.is_string(value_type) or types.is_large_string(value_type):
        return _coded(column)
    # Categories that are numbers may belong to a numeric feature.
    return arrow_cells(column.cast(value_type))


def _coded(column: Any) -> Codes:
    """A dictionary column of texts. Both a cell and a dictionary entry may be null."""
    arrow = sys.modules["pyarrow"]
    if isinstance(column, arrow.ChunkedArray):
        column = _array(column.unify_dictionaries())
    indices = column.indices.cast(arrow.int32()).fill_null(MISSING)
    codes = np.array(indices.to_numpy(zero_copy_only=False), np.int32)
    texts = column.dictionary.to_pylist()
    if None in texts:
        codes = np.where(codes == texts.index(None), np.int32(MISSING), codes)
    return Codes(codes, tuple("" if text is None else text for text in texts))


def _array(column: Any) -> Any:
    """One array of a column that may lie in chunks."""
    arrow = sys.modules["pyarrow"]
    if not isinstance(column, arrow.ChunkedArray):
        return column
    if column.num_chunks == 1:
        return column.chunk(0)
    return column.combine_chunks()


def _types(*names: str) -> tuple[type, ...]:
    """Types of pyarrow's of these names, or nothing where pyarrow is not loaded."""
    module = sys.modules.get("pyarrow")
    return tuple(getattr(module, name) for name in names if hasattr(module, name))
