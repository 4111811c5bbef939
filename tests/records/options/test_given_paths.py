"""An empty path is refused by every command that takes one, before anything is read, written or started."""

import subprocess
import sys
from pathlib import Path

import pytest

from support import environment


@pytest.mark.parametrize("words", [
    ("sweep", "--plan-only", "--output", ""), ("sweep", "--resume", ""), ("sweep", "--try-fixes", ""),
    ("report", ""), ("report", ".", "--output="), ("profile", "--duration", "1", "--output", ""),
])  # fmt: skip
def test_an_empty_path_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cli", *words],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, [*tmp_path.iterdir()]) == (2, "", [])
    assert "this is empty, and has to be a path" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
