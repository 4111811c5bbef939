"""The trap servers of tests/loadgen, and locust as a user starts it."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
_spec = importlib.util.spec_from_file_location("trap_servers", ROOT / "tests" / "loadgen" / "conftest.py")
assert _spec is not None
assert _spec.loader is not None
_traps = importlib.util.module_from_spec(_spec)
sys.modules["trap_servers"] = _traps
_spec.loader.exec_module(_traps)
trap = _traps.trap


class Locust:
    """A locust process with its output in a file."""

    def __init__(self, folder: Path, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
        self.output = folder / f"locust-{len(list(folder.glob('locust-*')))}.log"
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("LOCUST_", "TARGET_"))}
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "locust", "-f", str(ROOT / "locustfiles" / "stream.py"), *arguments],
                cwd=folder,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=clean | environment,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    @property
    def text(self) -> str:
        return self.output.read_text()

    def wait(self, seconds: float = 30) -> int:
        return self.process.wait(timeout=seconds)

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=10)


@pytest.fixture
def locust(tmp_path: Path) -> Iterator[Callable[..., Locust]]:
    running: list[Locust] = []

    def start(*arguments: str, **environment: Any) -> Locust:
        running.append(Locust(tmp_path, arguments, environment))
        return running[-1]

    yield start
    for one in running:
        one.kill()
