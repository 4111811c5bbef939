"""No command repeats a password of a URL that it refuses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import ROOT, environment

URL = "http://user:secretpw@127.0.0.1:1"
STREAM = str(ROOT / "locustfiles" / "stream.py")


@pytest.mark.parametrize("words", [
    ["-m", "mocks.wan", "--to", URL], ["-m", "mocks.wan", "--to", URL.removeprefix("http://")],
    ["-m", "mocks.openai_server", "--host", URL, "--port", "0"],
    ["-m", "sweep", "--budget", URL, "--plan-only"], ["-m", "cli", URL], ["-m", "cli", "report", URL],
    ["-m", "cli", "profile", "--duration", URL],
    ["-m", "locust", "-f", STREAM, "-H", "http://h", "-u", URL],
    ["-m", "locust", "-f", STREAM, "-H", "http://h", "--warmup-requests", URL],
], ids=lambda words: " ".join(map(os.path.basename, words[1:4])))  # fmt: skip
def test_a_password_is_not_said(words: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, *words], env=environment(), cwd=tmp_path, capture_output=True, text=True, timeout=90
    )
    assert done.returncode == 2, done.stderr
    [line] = done.stderr.splitlines()
    assert "***@127.0.0.1:1" in line
    assert "secretpw" not in line
