"""The fault servers as processes, and their records of the truth."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support import Process, lines, rows, wait_until


class Served(Process):
    """``python -m mocks.faults NAME``, listening."""

    def __init__(self, folder: Path, name: str, dialect: str, knobs: dict[str, float]) -> None:
        self.name, self.dialect = name, dialect
        self.record = folder / f"{name}-{dialect}.jsonl"
        options = [f"--{knob.replace('_', '-')}={value}" for knob, value in knobs.items()]
        words = (name, "--dialect", dialect, "--record", str(self.record), *options)
        super().__init__(self.record.with_suffix(".log"), "mocks.faults", *words)
        self.base = self.url  # once it listens
        self.asked = 0

    def truths(self, count: int) -> list[dict[str, Any]]:
        """The records, in the order of the requests, once there are ``count``."""
        wait_until(lambda: lines(self.record) >= count)
        return sorted(rows(self.record), key=lambda truth: int(truth["request"]))


Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """A server of the fault NAME with small times, or those given; ended after use."""
    running: list[Served] = []

    def start(name: str, dialect: str = "ask", **knobs: float) -> Served:
        small: dict[str, float] = {"ttft_ms": 40, "itl_ms": 8, "tokens": 8, "stall_s": 0.3}
        running.append(Served(tmp_path, name, dialect, small | knobs))
        return running[-1]

    yield start
    for one in running:
        one.stop()
