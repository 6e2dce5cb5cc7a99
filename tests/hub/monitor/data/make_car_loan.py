"""Make `car_loan.parquet` from the car-loan data set that NannyML's wheel packs.

Keeps every second row of the reference and every row of the analysis, in order, with its target;
drops the columns that are nearly all different. Car values are rounded to hundreds and scores to
hundredths, so that the file stays small. The analysis data shifts at its row 25,000.

Run: python tests/hub/monitor/data/make_car_loan.py --source FOLDER, the folder being
`nannyml/datasets/data` of an installed nannyml 0.13.1.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

OUT = Path(__file__).with_name("car_loan.parquet")
REFERENCE = "synthetic_car_loan_reference.csv"
ANALYSIS = "synthetic_car_loan_analysis.csv"
ANALYSIS_TARGET = "synthetic_car_loan_analysis_target.csv"


def trimmed(frame: pd.DataFrame, part: str) -> pa.Table:
    """The kept columns of the rows of a part of the data, in small types."""
    return pa.table(
        {
            "part": pa.array([part] * len(frame)).dictionary_encode(),
            "car_value": np.rint(frame["car_value"] / 100).astype(np.int32).to_numpy() * 100,
            "salary_range": pa.array(frame["salary_range"]).dictionary_encode(),
            "loan_length": frame["loan_length"].astype(np.int8).to_numpy(),
            "repaid_loan_on_prev_car": frame["repaid_loan_on_prev_car"].to_numpy(bool),
            "size_of_downpayment": pa.array(frame["size_of_downpayment"]).dictionary_encode(),
            "y_pred_proba": np.rint(frame["y_pred_proba"] * 100).to_numpy() / 100,
            "y_pred": frame["y_pred"].astype(np.int8).to_numpy(),
            "repaid": frame["repaid"].astype(np.int8).to_numpy(),
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the trimmed copy of the car-loan data.")
    parser.add_argument("--source", type=Path, required=True, help="folder of the three .csv files")
    source: Path = parser.parse_args().source
    reference = pd.read_csv(source / REFERENCE).iloc[::2]
    analysis = pd.read_csv(source / ANALYSIS)
    analysis = analysis.merge(pd.read_csv(source / ANALYSIS_TARGET), on="id")
    parts = [trimmed(reference, "reference"), trimmed(analysis, "analysis")]
    table = pa.concat_tables(parts).unify_dictionaries().combine_chunks()
    pq.write_table(table, OUT, compression="zstd", compression_level=19, row_group_size=len(table))


if __name__ == "__main__":
    main()
