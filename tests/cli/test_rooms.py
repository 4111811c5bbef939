"""``python -m`` of a room that is no command says in one line what is."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("room", "named"), [
    ("mocks", "python -m mocks.openai_server, python -m mocks.faults, python -m mocks.wan"),
    ("loadgen", "locust -f locustfiles/stream.py"), ("target_app", "uvicorn target_app.app:app"),
])  # fmt: skip
def test_a_room_that_is_no_command_names_what_is(room: str, named: str) -> None:
    done = subprocess.run([sys.executable, "-m", room], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert named in done.stderr
    assert done.stderr.count("\n") == 1
