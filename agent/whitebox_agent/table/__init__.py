"""A caller's data to columns, and columns to one model's encoded rows.

Knows every way a caller may hold rows (dicts, pandas, pyarrow, numpy) and the rules of a cell;
knows no file, no clock and no window. Whatever a cell holds has an answer: a value, missing,
invalid or out of the vocabulary; only data that cannot be read as columns at all is an error.
"""

from whitebox_agent.table.cells import Cells, categories, numbers
from whitebox_agent.table.coding import CategoryCoder
from whitebox_agent.table.encode import Encoder
from whitebox_agent.table.ids import ID_BYTES_MAX, one_id, read_ids
from whitebox_agent.table.reading import Table, is_column, read_column, read_table
from whitebox_agent.table.times import UNKNOWN_TIME, Int64Array, times_ms

__all__ = [
    "ID_BYTES_MAX",
    "UNKNOWN_TIME",
    "CategoryCoder",
    "Cells",
    "Encoder",
    "Int64Array",
    "Table",
    "categories",
    "is_column",
    "numbers",
    "one_id",
    "read_column",
    "read_ids",
    "read_table",
    "times_ms",
]
