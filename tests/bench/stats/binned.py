"""What counts in cells lose: each statistic from the vector beside the same of the rows.

A zoo of changes to a column, each compared with its reference: once by the hub's statistics of two
folded vectors, once by scipy or scikit-learn on the rows. Wasserstein distances are in standard
deviations of the reference; PSI is compared over the same groups.

The zoo is ordinary: columns move, stretch, lose a part and get tails (counts staying whole and
zeros zeros), and scores spread over their bins. What cells cannot tell apart is measured beside it
as hard: values that stand where no edge is, tails beyond 1,000 scales, scores that crowd in a few
bins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy import stats
from sklearn.metrics import roc_auc_score

from tests.bench.progress import progress
from tests.bench.stats.plan import Figures, Outcome, Plan, Table
from tests.bench.stats.rows import LAWS, REFERENCE_ROWS, SEED, Law
from tests.bench.stats.subject import Subject
from whitebox_agent.fold import ModelFold
from whitebox_hub.statistics.classification import binary_performance
from whitebox_hub.statistics.groups import plan_groups
from whitebox_hub.statistics.ks import ks_distance
from whitebox_hub.statistics.numeric_cells import NumericCells
from whitebox_hub.statistics.psi import psi
from whitebox_hub.statistics.wasserstein import wasserstein
from whitebox_wire.layout import ClassLabelBlock, NumericBlock, Section
from whitebox_wire.messages import Codes, Column, InferenceBatch
from whitebox_wire.spec import Feature, ModelKind, ModelSpec, NumericBins, Prediction, Target
from whitebox_wire.vector import FloatArray

Generator = np.random.Generator
LIVE_ROWS = 5_000

_COUNTS = Law("counts", lambda rng, shape: rng.poisson(4, shape).astype(np.float64))
_ZOO: tuple[Law, ...] = (
    *(law for law in LAWS if not law.categorical),
    Law("student t, 3 degrees", lambda rng, shape: rng.standard_t(3, shape)),
    Law("two humps", lambda rng, shape: rng.normal(3 * rng.integers(0, 2, shape), 0.5)),
    _COUNTS,
)
# What becomes of rows drawn from a column's law, `s` being its standard deviation.
Change = Callable[[Generator, FloatArray, float], FloatArray]
_ORDINARY: Mapping[str, Change] = {
    "nothing": lambda _, x, __: x,
    "up by 0.05 std": lambda _, x, s: x + 0.05 * s,
    "up by 0.25 std": lambda _, x, s: x + 0.25 * s,
    "down by 1 std": lambda _, x, s: x - s,
    "up by 5 std": lambda _, x, s: x + 5 * s,
    "half as wide": lambda _, x, __: np.median(x) + (x - np.median(x)) / 2,
    "twice as wide": lambda _, x, __: np.median(x) + (x - np.median(x)) * 2,
    "a tenth at one value": lambda r, x, s: np.where(r.uniform(size=x.size) < 0.1, s, x),
    "a twentieth times 10": lambda r, x, _: np.where(r.uniform(size=x.size) < 0.05, 10 * x, x),
    "the upper half gone": lambda _, x, __: x[x <= np.median(x)],
}
_HARD: Mapping[str, Change] = {
    "all at one value": lambda _, x, s: np.full(x.size, s / 3),
    "up by 0.25 std, off the grid": lambda _, x, s: x + 0.25 * s,
    "a twentieth times 1,000": lambda r, x, _: np.where(r.uniform(size=x.size) < 0.05, 1e3 * x, x),
}
# What columns of such a law do when they change: counts stay whole, and zeros stay zeros.
_ON_GRID: Mapping[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "counts": lambda now, _: np.rint(now),
    "zero-inflated": lambda now, was: np.where(was == 0, 0.0, now) if now.size == was.size else now,
}
Scores = Mapping[str, tuple[tuple[float, float], tuple[float, float], float]]
# Parameters of the beta laws of negative and positive rows' scores, and the share of positive ones.
_SPREAD: Scores = {
    "weak": ((2.0, 2.5), (2.5, 2.0), 0.5),
    "good": ((1.5, 4.0), (4.0, 1.5), 0.4),
    "sure of itself": ((0.3, 2.0), (2.0, 0.3), 0.5),
    "rare positives": ((1.0, 4.0), (2.0, 2.0), 0.05),
}
_CROWDED: Scores = {
    "most scores below 0.2": ((1.0, 12.0), (2.0, 6.0), 0.02),
    "most scores below 0.05": ((0.6, 40.0), (1.2, 20.0), 0.02),
}
_NAMES = {
    "ks": "Kolmogorov-Smirnov D",
    "w1": "Wasserstein-1 / std",
    "psi": "PSI",
    "auroc": "ROC AUC",
}

# By statistic and by what was measured.
Errors = dict[str, dict[str, float]]


def measure_binned(plan: Plan) -> Outcome:
    """The largest error of every statistic over the zoo, and over what is hard."""
    laws, rows = _ZOO[: plan.few(len(_ZOO), 2)], plan.few(50_000, 2_000)
    with progress("counts beside rows"):
        ordinary = _errors(laws, _ORDINARY, on_grid=True)
        ordinary["auroc"] = {name: _auroc_error(of, rows) for name, of in _SPREAD.items()}
        hard = _errors(laws, _HARD, on_grid=False)
        hard["auroc"] = {name: _auroc_error(of, rows) for name, of in _CROWDED.items()}
    figures: Figures = {}
    for suffix, errors in (("max_error", ordinary), ("max_error_hard", hard)):
        figures |= {f"{name}_{suffix}": max(of.values()) for name, of in errors.items()}
    tables = (
        _table("Counts beside rows", ordinary, "ordinary changes of columns and kinds of scores"),
        _table("Counts beside rows: what is hard", hard, "cases that cells cannot tell apart"),
    )
    return Outcome(figures, tables)


def _table(title: str, errors: Errors, what: str) -> Table:
    rows = []
    for name, of in errors.items():
        worst = max(of, key=lambda case: of[case])
        rows.append((_NAMES[name], f"{np.median([*of.values()]):.5f}", f"{of[worst]:.5f}", worst))
    return Table(
        title=title,
        note=(
            f"Absolute errors over {len(errors['ks'])} + {len(errors['auroc'])} {what}; "
            f"{REFERENCE_ROWS:,} rows before, up to {LIVE_ROWS:,} now, 100 score bins."
        ),
        headings=("statistic", "median error", "largest error", "of"),
        rows=tuple(rows),
    )


def _errors(laws: Sequence[Law], changes: Mapping[str, Change], *, on_grid: bool) -> Errors:
    """Errors of a column's statistics under every law and change."""
    errors: Errors = {}
    for place, law in enumerate(laws):
        rng = np.random.default_rng((SEED, 8, place))
        pair = _Pair(law, law.draw(rng, (REFERENCE_ROWS, 1))[:, 0])
        for name, change in changes.items():
            was = law.draw(rng, (LIVE_ROWS, 1))[:, 0]
            now = change(rng, was, float(pair.before.std()))
            if on_grid:
                now = _ON_GRID[law.name](now, was) if law.name in _ON_GRID else now
            for statistic, error in pair.errors(now).items():
                errors.setdefault(statistic, {})[f"{law.name}, {name}"] = error
    return errors


class _Pair:
    """A column's reference, as rows and as a vector, to compare others with."""

    def __init__(self, law: Law, before: FloatArray) -> None:
        self.before = before
        self._subject = Subject.of([law], before[:, None])
        bins, block = (
            self._subject.context.spec.features[0].bins,
            self._subject.fold.layout.features[0],
        )
        assert isinstance(bins, NumericBins)
        assert isinstance(block, NumericBlock)
        self._scale = bins.scale
        self._vector = (self._subject.context.training or {})[Section.FEATURES]
        self._cells = NumericCells.of([block], [bins])
        self._groups = plan_groups([block], self._vector)
        first = self._groups.starts[self._groups.kept][1:] - block.bins.start
        self._edges = np.array(bins.edges)[first - 1]

    def errors(self, now: FloatArray) -> dict[str, float]:
        """The error of every statistic for rows of the column."""
        live = self._subject.window(now[:, None], 0).vectors[Section.FEATURES]
        samples = self._cells.read(self._vector), self._cells.read(live)
        before, deviation = self.before, self.before.std()
        counts = self._groups.count(self._vector), self._groups.count(live)
        said = {
            "ks": ks_distance(*samples)[0],
            "w1": wasserstein(*samples)[0] * self._scale / deviation,
            "psi": psi(*counts, self._groups.offsets)[0],
        }
        true = {
            "ks": stats.ks_2samp(before, now).statistic,
            "w1": stats.wasserstein_distance(before, now) / deviation,
            "psi": _psi(before, now, self._edges),
        }
        return {name: abs(float(said[name]) - float(true[name])) for name in said}


def _psi(before: FloatArray, now: FloatArray, edges: FloatArray) -> float:
    """PSI of rows over the groups between edges; one that is empty on one side has half a row."""
    counts = [
        np.bincount(np.searchsorted(edges, rows, "right"), minlength=edges.size + 1)
        for rows in (before, now)
    ]
    used = counts[0] + counts[1] > 0
    q, p = (np.maximum(of[used], 0.5) / of.sum() for of in counts)
    return float(((p - q) * np.log(p / q)).sum())


def _auroc_error(of: tuple[tuple[float, float], tuple[float, float], float], rows: int) -> float:
    """The error of ROC AUC from score bins, all rows labelled."""
    negative, positive, share = of
    rng = np.random.default_rng((SEED, 9))
    true = rng.uniform(size=rows) < share
    scores = np.where(true, rng.beta(*positive, rows), rng.beta(*negative, rows))
    spec = ModelSpec(
        model_id="bench",
        kind=ModelKind.BINARY,
        features=(Feature("x", NumericBins((0.0, 1.0), 0.0, 1.0)),),
        prediction=Prediction("prediction", ("no", "yes"), ("score",), 100),
        target=Target("y"),
    ).check()
    fold = ModelFold(spec)
    columns: dict[str, Column] = {
        "score": scores,
        "prediction": Codes((scores >= 0.5).astype(np.int32)),
    }
    predictions = fold.predictions(InferenceBatch("bench", rows, columns, received_ms=0))
    vector = fold.labels(predictions, Codes(true.astype(np.int32)))
    block = fold.layout.labels
    assert isinstance(block, ClassLabelBlock)
    said = binary_performance(vector, block).roc_auc or 0.0
    return abs(said - float(roc_auc_score(true, scores)))
