"""The figures as a table for people, with the goals beside them.

Knows the names of the figures and nothing of how they come about; a figure that was not taken is
left out, and so is what depends on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

Figures = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure shall at most (or at least) be, in its own unit."""

    limit: float
    least: bool = False

    def holds(self, figure: float) -> bool:
        return figure >= self.limit if self.least else figure <= self.limit

    def text(self) -> str:
        """The goal as its line says it.

        >>> Goal(12).text(), Goal(80, least=True).text()
        ('<= 12', '>= 80 x')
        """
        return f">= {self.limit:,g} x" if self.least else f"<= {self.limit:,g}"


GOALS = {
    "fold_ns_10000": Goal(12),
    "fold_vs_whylogs_10000": Goal(80, least=True),
    "log_us": Goal(30),
    "log_vs_whylogs": Goal(30, least=True),
    "merge_us": Goal(60),
    "window_bytes": Goal(8_000),
    "idle_rss_mib": Goal(60),
}


class Line(NamedTuple):
    """One line: a figure and its unit, whylogs' on the same rows, and how many times faster."""

    name: str
    key: str = ""
    unit: str = ""
    whylogs_key: str = ""
    ratio_key: str = ""


def _fold_lines(rows: int) -> tuple[Line, ...]:
    whylogs = f"fold_whylogs_ns_{rows}"
    return (
        Line(f"fold {rows:,} rows x 50 floats", f"fold_ns_{rows}", "ns a value", whylogs,
             f"fold_vs_whylogs_{rows}"),
        Line("  with a score for every row", f"fold_scored_ns_{rows}", "ns a value"),
        Line("  from a DataFrame", f"fold_frame_ns_{rows}", "ns a value", whylogs,
             f"fold_frame_vs_whylogs_{rows}"),
        Line("  np.sum over it: the floor", f"fold_floor_ns_{rows}", "ns a value"),
    )  # fmt: skip


LINES = (
    *_fold_lines(1_000),
    *_fold_lines(10_000),
    *_fold_lines(100_000),
    Line("fold 10,000 rows x 40 floats, 10 texts", "mixed_ns_10000", "ns a value",
         "mixed_whylogs_ns_10000", "mixed_vs_whylogs_10000"),
    Line("  from a DataFrame", "mixed_frame_ns_10000", "ns a value", "mixed_whylogs_ns_10000",
         "mixed_frame_vs_whylogs_10000"),
    Line("log a row of 50 floats, mean to the disk", "log_us", "us", "log_whylogs_us",
         "log_vs_whylogs"),
    Line("  with an id, remembered for its label", "log_with_id_us", "us"),
    Line("  processor time, all threads", "log_processor_us", "us"),
    Line("  half of the calls within", "log_p50_us", "us", "log_whylogs_p50_us"),
    Line("  99 % of the calls within", "log_p99_us", "us", "log_whylogs_p99_us"),
    Line("decode and add a report of 50 features", "merge_us", "us", "merge_whylogs_us",
         "merge_vs_whylogs"),
    Line("  deflated", "merge_deflated_us", "us"),
    Line("ship a window of 1,000 rows", "window_bytes", "bytes", "whylogs_window_bytes"),
    Line("  deflated, as shipped by default", "deflated_window_bytes", "bytes"),
    Line("  its rows as Parquet", "parquet_window_bytes", "bytes"),
    Line("  its rows as lines of JSON", "json_window_bytes", "bytes"),
    Line("agent daemon idle, gRPC alone, resident", "idle_rss_mib", "MiB"),
    Line("  after 20,000 rows", "idle_after_load_rss_mib", "MiB"),
    Line("  at most in between", "peak_rss_mib", "MiB"),
    Line("agent daemon idle, HTTP and a hub, too", "idle_with_hub_rss_mib", "MiB"),
    Line("  after 20,000 rows", "idle_after_load_with_hub_rss_mib", "MiB"),
)  # fmt: skip
_HEADINGS = ("", "Whitebox", "", "whylogs", "faster", "goal", "")


def format_table(figures: Figures) -> str:
    """The lines whose figure was taken, in columns."""
    rows = [_HEADINGS, *(_cells(line, figures) for line in LINES if line.key in figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    # Names, units and verdicts are read from their beginning, numbers from their end.
    sides = "<><>><<"
    return "\n".join(
        "  ".join(
            f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)
        ).rstrip()
        for row in rows
    )


def missed(figures: Figures) -> list[str]:
    """The figures that were taken and miss their goal."""
    return [k for k, goal in GOALS.items() if k in figures and not goal.holds(figures[k])]


def _cells(line: Line, figures: Figures) -> tuple[str, ...]:
    goals = [key for key in (line.key, line.ratio_key) if key in GOALS and key in figures]
    verdict = "missed" if set(goals) & set(missed(figures)) else "reached" if goals else ""
    whylogs = figures.get(line.whylogs_key)
    ratio = figures.get(line.ratio_key)
    return (
        line.name,
        _number(figures[line.key]),
        line.unit,
        "" if whylogs is None else _number(whylogs),
        "" if ratio is None else f"{ratio:,.0f} x",
        ", ".join(GOALS[key].text() for key in goals),
        verdict,
    )


def _number(figure: float) -> str:
    """A figure with as many decimals as say something.

    >>> [_number(figure) for figure in (0.345, 12.34, 1234.5)]
    ['0.34', '12.3', '1,234']
    """
    decimals = 2 if figure < 10 else 1 if figure < 1_000 else 0
    return f"{figure:,.{decimals}f}"
