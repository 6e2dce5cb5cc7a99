"""Make the demo's two Parquet files from NannyML's copy of the US Census employment data.

Reads the three source files as they were packed (reference, analysis, and the analysis targets,
which arrive late and in a file of their own) and writes `reference.parquet` (2015, with a column
`split`: half "train", half "test") and `live.parquet` (2016 to 2018, one year after another, each
year shuffled, so that a row's position within its year says nothing).

Knows nothing of the model: columns are kept or dropped, never filled, binned or encoded. Missing
values stay missing. Every order and every split is decided by a hash of the row's id, not by a
random generator, so the same source gives the same rows in the same order with any library version.

Needs pyarrow. Run: python deploy/demo/make_data.py --source SOURCE_FOLDER --out deploy/demo/data
"""

from __future__ import annotations

import argparse
from hashlib import blake2b
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

FEATURES = (
    *("AGEP", "SCHL", "MAR", "RELP", "DIS", "ESP", "CIT", "MIG"),
    *("MIL", "ANC", "NATIVITY", "DEAR", "DEYE", "DREM", "SEX", "RAC1P"),
)
TARGET = "employed"
REFERENCE_FILE = "employment_MA_reference.pq"
LIVE_FILE = "employment_MA_analysis.pq"
LIVE_TARGET_FILE = "employment_MA_analysis_target.pq"
ZSTD_LEVEL = 19


def hash_rank(ids: pa.ChunkedArray, purpose: str) -> pa.Array:
    """The place of each id in a shuffle that is the same everywhere: the order of its hash.

    Different purposes give unrelated shuffles.
    """
    keys = [blake2b(f"{purpose}:{i}".encode(), digest_size=8).digest() for i in ids.to_pylist()]
    return pc.rank(pa.array(keys, pa.binary(8)), sort_keys="ascending", tiebreaker="first")


def smallest_integers(table: pa.Table) -> pa.Table:
    """Cast features and target to int8, the year to int16; a fraction or an overflow raises.

    The source holds category codes as dictionaries of strings ("21") and the age as a float. Nulls
    pass through every cast as nulls.
    """
    types = {name: pa.int8() for name in (*FEATURES, TARGET)} | {"year": pa.int16()}
    columns = {}
    for name, type_ in types.items():
        column = table[name]
        if pa.types.is_dictionary(column.type):
            column = column.cast(pa.string())
        columns[name] = column.cast(type_)
    return pa.table(columns)


def make_reference(source: Path) -> pa.Table:
    """The 2015 rows in the order of their ids, with `split`: "train" or "test", half and half.

    Each class of the target is shuffled and dealt out in turn, so that the halves agree in the
    share of employed people and a shift seen later isn't the luck of this draw.
    """
    table = pq.read_table(source / REFERENCE_FILE)
    table = table.append_column("rank", hash_rank(table["id"], "split"))
    table = table.sort_by([(TARGET, "ascending"), ("rank", "ascending")])
    split = pa.array(["test" if position % 2 else "train" for position in range(table.num_rows)])
    table = table.append_column("split", split).sort_by("id")
    return smallest_integers(table).append_column("split", table["split"])


def make_live(source: Path) -> pa.Table:
    """The 2016 to 2018 rows with their late targets, year by year, shuffled within each year."""
    table = pq.read_table(source / LIVE_FILE)
    targets = pq.read_table(source / LIVE_TARGET_FILE)
    joined = table.join(targets, keys="id", join_type="inner")
    counts = (table.num_rows, targets.num_rows, joined.num_rows)
    if len(set(counts)) > 1:
        raise ValueError(f"live rows, targets and ids in both should be equally many, not {counts}")
    joined = joined.append_column("rank", hash_rank(joined["id"], "shuffle"))
    return smallest_integers(joined.sort_by([("year", "ascending"), ("rank", "ascending")]))


def write(table: pa.Table, path: Path) -> None:
    """Write one row group in zstd, without the source's pandas metadata, and say what it holds."""
    pq.write_table(
        table.replace_schema_metadata(None),
        path,
        compression="zstd",
        compression_level=ZSTD_LEVEL,
        row_group_size=table.num_rows,
    )
    print(f"{path}: {table.num_rows:,} rows, {path.stat().st_size / 1e3:,.0f} kB")
    for count in pc.value_counts(table["year"]).to_pylist():
        print(f"  {count['values']}: {count['counts']:,} rows")
    missing = {name: table[name].null_count for name in table.column_names}
    found = {name: count for name, count in missing.items() if count}
    print(f"  missing values: {found or 'none'}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the demo's reference and live data.")
    parser.add_argument("--source", type=Path, required=True, help="folder of the three .pq files")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    write(make_reference(arguments.source), arguments.out / "reference.parquet")
    write(make_live(arguments.source), arguments.out / "live.parquet")


if __name__ == "__main__":
    main()
