"""Performance of a regression model from its labels section, in the target's units.

Errors are prediction - target. Definitions are scikit-learn's. With no scored row every metric is
None; R squared also where the targets do not vary, since it compares with their variance.
"""

from __future__ import annotations

from dataclasses import dataclass

from whitebox_hub.statistics.finite import finite
from whitebox_wire.layout import RegressionLabelBlock
from whitebox_wire.spec import NumericBins
from whitebox_wire.vector import ONE, IntVector


@dataclass(frozen=True, slots=True)
class RegressionPerformance:
    """`mean_absolute_percentage_error` is a share (0.1 is 10 %) over targets that are not zero."""

    rows: int
    r_square: float | None = None
    mean_squared_error: float | None = None
    root_mean_squared_error: float | None = None
    mean_absolute_error: float | None = None
    mean_absolute_percentage_error: float | None = None
    bias: float | None = None


def regression_performance(
    vector: IntVector, block: RegressionLabelBlock, target: NumericBins
) -> RegressionPerformance:
    """Read a regression model's performance; `target` gives the units of the sums."""
    rows = int(vector[block.scored])
    if rows <= 0:
        return RegressionPerformance(max(rows, 0))
    squares = max(int(vector[block.squared_error]), 0) / ONE
    mean_square = squares / rows * target.scale * target.scale
    mean_absolute = max(int(vector[block.absolute_error]), 0) / ONE / rows * target.scale
    percentages = int(vector[block.percentage_rows])
    relative = max(int(vector[block.percentage_error]), 0) / ONE / max(percentages, 1)
    return RegressionPerformance(
        rows=rows,
        r_square=_r_square(vector, block, rows, squares),
        mean_squared_error=finite(mean_square),
        root_mean_squared_error=finite(mean_square**0.5),
        mean_absolute_error=finite(mean_absolute),
        mean_absolute_percentage_error=relative if percentages > 0 else None,
        bias=finite(int(vector[block.error]) / ONE / rows * target.scale),
    )


def _r_square(
    vector: IntVector, block: RegressionLabelBlock, rows: int, squares: float
) -> float | None:
    """1 - SSE / SST, both in units of the target's scale, SST = sum of y**2 - (sum of y)**2 / n."""
    y, y_squared = int(vector[block.y]) / ONE, int(vector[block.y_squared]) / ONE
    spread = y_squared - y * y / rows
    # A row's sums are right to half a unit, and half a unit of y is |y| units of y squared, so a
    # smaller spread cannot be told from none.
    return 1.0 - squares / spread if spread * ONE > 2 * (rows + abs(y)) else None
