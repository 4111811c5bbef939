"""What this process was given in its environment is not in the documents that it searches."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

WALKER = Path(__file__).resolve().parents[2] / "target_app" / "stdlib_walk.py"


def walked(python: str = sys.executable, **variables: str) -> bytes:
    command = [python, "-I", str(WALKER)]
    return subprocess.run(command, env=os.environ | variables, capture_output=True, check=True).stdout


def test_documents_hold_nothing_of_the_environment_and_do_not_change_with_it() -> None:
    first = walked(OPENAI_API_KEY="sk-of-the-user", HOME="/here")
    assert b"cgi.parse" in first or sys.version_info >= (3, 13)  # gone from the library since
    assert b"sk-of-the-user" not in first
    assert sys.executable.encode() not in first
    names = [
        Path(sys.executable).with_name(name) for name in ("python", "python3")
    ]  # uvicorn's is one of them
    assert {walked(str(path), HOME="/elsewhere") for path in names if path.exists()} <= {first}
