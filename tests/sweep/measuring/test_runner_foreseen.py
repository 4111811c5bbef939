"""A sweep asks for a prediction once the levels that all series share are there, and goes by it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from sweep.measuring import directory, runner
from sweep.planning.grid import BASE_LEVELS
from sweep_world import World, planned, swept


def test_a_predicted_knee_chooses_the_next_levels_and_a_resumed_sweep_goes_the_same_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def foreseen(run: Path, folders: Sequence[Path]) -> int:
        asked.append(sorted(folder.name for folder in folders))
        return 35

    monkeypatch.setattr(runner, "foreseen_knee", foreseen)
    world = World(knee=35)
    path = directory.create(tmp_path, "t", planned(repeats=1))
    swept(path, world, monkeypatch)
    assert asked == [["c01-r1", "c10-r1", "c20-r1"]]
    assert world.measured[len(BASE_LEVELS) :] == ["it/as-is/c35-r1", "it/as-is/c53-r1", "it/as-is/c30-r1"]
    world.measured.clear()
    swept(path, world, monkeypatch)
    assert world.measured == []
