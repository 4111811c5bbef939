"""What the tests of a sweep's rooms share."""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import preloaded
from sweep.measuring import directory
from sweep.measuring.workplace import Workplace
from sweep.planning import scenario
from sweep.planning.plan import Plan
from sweep.running.cpus import Cpus
from sweep.running.ledger import Ledger
from sweep.running.processes import Child
from sweep_world import World, planned, swept_aloud


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep of this process asks scenarios without their imports."""
    alike = SimpleNamespace(run=preloaded.run, TimeoutExpired=subprocess.TimeoutExpired)
    monkeypatch.setattr(scenario, "subprocess", alike)


@pytest.fixture
def place_of(tmp_path: Path) -> Callable[[Plan], Workplace]:
    """Where a plan's cells are measured."""
    ledger, cpus = Ledger(tmp_path / "ledger"), Cpus(mode="auto", load=(0,), target=(1,))
    return lambda plan: Workplace(run=tmp_path, plan=plan, ledger=ledger, llm=None, cpus=cpus)


@pytest.fixture
def child(tmp_path: Path) -> Callable[..., Child]:
    """A Python of this program, or with these words, which writes to ``log``."""

    def started(program: str | Sequence[str], **more: Any) -> Child:
        argv = ["-c", program] if isinstance(program, str) else program
        return Child(argv, log=tmp_path / "log", ledger=Ledger(tmp_path / "ledger"), **more)

    return started


class Sweeping:
    """A run's directory and the world in which it is swept, as often as is asked."""

    def __init__(self, path: Path, world: World, monkeypatch: pytest.MonkeyPatch, plan: Plan) -> None:
        self.world, self.path, self._monkeypatch = world, directory.create(path, "t", plan), monkeypatch

    def swept(self) -> "Sweeping":
        self.sweep, self.printed = swept_aloud(self.path, self.world, self._monkeypatch)
        return self


@pytest.fixture
def sweeping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Sweeping]:
    return lambda world, **plan: Sweeping(tmp_path, world, monkeypatch, planned(**plan))
