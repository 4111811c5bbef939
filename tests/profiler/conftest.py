"""Programs that are profiled, and profiles that run beside a test."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from profiles import ENVIRONMENT, Launch, Start, arguments, end


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a Python program that says "ready" when it is; its children end by their closed stdin."""
    with ExitStack() as stack:

        def begin(code: str) -> subprocess.Popen[str]:
            argv = [sys.executable, "-c", f"import sys\n{code}"]
            program = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            stack.callback(end, program)
            assert program.stdout
            assert program.stdout.readline() == "ready\n"
            return program

        yield begin


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Starts a profile in ``tmp_path``; one that a failed test leaves there is killed, which ends it all."""
    running: list[subprocess.Popen[Any]] = []

    def begin(*flags: str, **options: Any) -> subprocess.Popen[Any]:
        running.append(subprocess.Popen(arguments(*flags), cwd=tmp_path, env=ENVIRONMENT, **options))
        return running[-1]

    yield begin
    for one in running:
        one.kill()
        one.wait(30)
