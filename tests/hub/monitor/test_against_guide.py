"""The guide to statistics against the table of metrics: what can be asked for is explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from whitebox_hub.monitor import Rule
from whitebox_hub.monitor.metrics import ALIASES, METRICS

GUIDE = Path(__file__).parents[3] / "deploy" / "guide" / "statistics.md"
ESTIMATED = "estimated_"


@pytest.mark.parametrize("name", [*METRICS, *ALIASES, *(rule.value for rule in Rule)])
def test_the_guide_explains_every_metric_and_rule(name: str) -> None:
    text = GUIDE.read_text()

    assert f"`{name.removeprefix(ESTIMATED)}`" in text
    assert f"`{ESTIMATED}`" in text
