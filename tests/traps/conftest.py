"""The fault servers as processes, and their records of the truth."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support import ROOT, lines, rows, wait_until


class Served:
    """``python -m mocks.faults NAME``, listening."""

    def __init__(self, folder: Path, name: str, dialect: str, knobs: dict[str, float]) -> None:
        self.name, self.dialect = name, dialect
        self.record = folder / f"{name}-{dialect}.jsonl"
        options = [f"--{knob.replace('_', '-')}={value}" for knob, value in knobs.items()]
        command = [sys.executable, "-m", "mocks.faults", name, "--dialect", dialect]
        self.process = subprocess.Popen(
            [*command, "--record", str(self.record), *options], stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL, cwd=ROOT, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        said = self.process.stdout.readline()  # its end of file, where it could not listen
        found = re.search(r":(\d+)$", said.strip())
        assert found, said
        self.port = int(found[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.asked = 0

    def truths(self, count: int) -> list[dict[str, Any]]:
        """The records, in the order of the requests, once there are ``count``."""
        wait_until(lambda: lines(self.record) >= count)
        return sorted(rows(self.record), key=lambda truth: int(truth["request"]))

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        finally:
            self.process.kill()
            self.process.communicate()


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
