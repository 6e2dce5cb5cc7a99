"""Sealing: what becomes of a sum before it leaves, once, by its spec's noise budgets. Pure.

Every cell of a noised feature gets noise, those with no row too, and nothing is clipped: a negative
count is as good as a positive one, and to clip it here would bend every sum over a fleet. What
could not be noised as cheaply is not sent: the moments of a noised feature (its mean is read from
the cells instead) and its attributions. Everything else of the sum ships exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whitebox_agent.privacy.budget import sigma_of
from whitebox_agent.privacy.gauss import DiscreteGaussian, Entropy
from whitebox_wire.layout import FeatureBlock, Layout, NumericBlock, Section
from whitebox_wire.spec import ModelSpec
from whitebox_wire.vector import ONE, IntVector

Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Noise:
    """One budget's noise: in which cells of a features section, and where its variance goes."""

    sigma: float
    cells: Places
    variances: Places

    @staticmethod
    def of(sigma: float, blocks: list[FeatureBlock]) -> Noise:
        places = [_cells(block) for block in blocks]
        variances = [b.noise_variance for b in blocks if b.noise_variance is not None]
        return Noise(sigma, np.concatenate(places), np.array(variances, np.intp))


@dataclass(frozen=True, slots=True)
class Seal:
    """What a spec's budgets do to its sums. `cleared` are the places that ship as zero."""

    noises: tuple[Noise, ...]
    cleared: Mapping[Section, Places]

    @staticmethod
    def of(spec: ModelSpec, layout: Layout) -> Seal:
        """The seal of a checked spec.

        Raises:
            SpecError: a budget asks for more noise than is possible.
        """
        blocks = {f.name: b for f, b in zip(spec.counted, layout.features, strict=True)}
        noises = tuple(
            Noise.of(sigma_of(budget, spec), [blocks[name] for name in budget.features])
            for budget in spec.privacy.budgets
        )
        cleared = {
            Section.FEATURES: _moments([blocks[name] for name in sorted(spec.privacy.noised)]),
            Section.EXPLANATIONS: _attributions(spec, layout),
        }
        return Seal(noises, cleared)

    def owes(self, section: Section) -> bool:
        """Whether a section's sums must be sealed before they leave."""
        return bool(self.noises) and section is not Section.LABELS

    def apply(self, vector: IntVector, section: Section, entropy: Entropy) -> IntVector:
        """A section's sum as it may leave: int64, shape [cells]. Draw it once for each sum."""
        sealed: IntVector = vector.copy()
        sealed[self.cleared.get(section, [])] = 0
        if section is Section.FEATURES:
            for noise in self.noises:
                law = DiscreteGaussian.of(noise.sigma)
                sealed[noise.cells] += law.draw(noise.cells.size, entropy)
                sealed[noise.variances] += round(law.variance * ONE)
        return sealed

    def sigma(self, cell: int) -> float | None:
        """The noise in a cell of the features section; None where there is none."""
        return next((n.sigma for n in self.noises if cell in n.cells), None)


def _cells(block: FeatureBlock) -> Places:
    bins = np.arange(block.bins.start, block.bins.stop)
    return np.concatenate((bins, [block.missing, block.invalid])).astype(np.intp)


def _moments(blocks: list[FeatureBlock]) -> Places:
    places = [
        place
        for block in blocks
        if isinstance(block, NumericBlock)
        for place in (block.s1, block.s2, block.excess_low, block.excess_high)
    ]
    return np.array(places, np.intp)


def _attributions(spec: ModelSpec, layout: Layout) -> Places:
    explained = layout.explanations
    if explained is None:
        return np.empty(0, np.intp)
    noised = [i for i, f in enumerate(spec.counted) if f.name in spec.privacy.noised]
    runs = (*explained.absolute, *explained.signed)
    return np.array([run.start + i for run in runs for i in noised], np.intp)
