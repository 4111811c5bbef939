"""What is refused names where it was given."""

import subprocess
import sys
from pathlib import Path

import pytest

from support import ROOT, environment


def refused(folder: Path, *words: str, **variables: str) -> str:
    """The last line of a load that is refused."""
    load = [sys.executable, "-m", "locust", "-f", str(ROOT / "locustfiles" / "stream.py"), *words]
    done = subprocess.run(
        load, env=environment() | variables, cwd=folder, capture_output=True, text=True, timeout=90
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize(("name", "value", "said"), [
    ("LOCUST_USERS", "abc", "argument -u/--users: invalid int value: 'abc'"),
    ("LOCUST_RUN_TIME", "0s", "-t (seconds) wants a whole number of at least 1, not '0'"),
    ("LOCUST_HOST", "abc", "-H: 'abc' is not a base URL like http://127.0.0.1:8001"),
])  # fmt: skip
def test_a_variable(tmp_path: Path, name: str, value: str, said: str) -> None:
    last = refused(tmp_path, "--headless", **{name: value})
    assert last.endswith(f"error: {said} (from {name} in the environment)")


def test_the_command_line_and_a_file(tmp_path: Path) -> None:
    last = refused(tmp_path, "--headless", "-u", "abc", LOCUST_USERS="7")
    assert last.endswith("invalid int value: 'abc'")
    (tmp_path / "locust.conf").write_text("users = abc\n")
    assert refused(tmp_path, "--headless").endswith("invalid int value: 'abc' (from locust.conf)")
    (tmp_path / "locust.conf").write_text("think-time = -3\n")  # one of ours, with bounds
    assert refused(tmp_path, "--headless").endswith("at least 0, not '-3' (from locust.conf)")
