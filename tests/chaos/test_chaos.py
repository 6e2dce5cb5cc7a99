"""A short version of `make chaos`: whatever breaks, the hub's sums are those of one pass."""

from __future__ import annotations

import os
import random
import secrets
from pathlib import Path

import pytest

from tests.chaos.power import can_mount, killed_writers, power_cuts
from tests.chaos.rounds import play

CUTS = 5


@pytest.mark.parametrize("damaging", [False, True], ids=["no damage", "store files damaged"])
def test_after_chaos_the_hub_has_every_acknowledged_row_once_and_the_ledger_balances(
    tmp_path: Path, *, damaging: bool
) -> None:
    """D2, D3, D4, D7: kills, cut connections, full disks, set clocks, repeated exports."""
    seed = secrets.randbits(32)
    print(f"seed={seed}")  # pytest shows it when the test fails

    _, happened = play(tmp_path, seed, 20.0, damaging=damaging)

    assert happened["kills"]
    assert happened["repeated exports"]


def test_a_power_cut_loses_no_acknowledged_row(tmp_path: Path) -> None:
    """D1: by images of a mounted file system; by kill -9 where nothing can be mounted."""
    cut = power_cuts if os.geteuid() == 0 and can_mount(tmp_path) else killed_writers

    told = cut(tmp_path, random.Random(secrets.randbits(32)), CUTS)

    assert told.startswith(f"cuts={CUTS} ")
