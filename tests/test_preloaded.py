"""What is forked from a process that has locust loaded runs as if it had been started anew."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

import preloaded
from records.exit_codes import INTERRUPTED
from support import wait_until

TELLS = """
import json, os, sys

print(json.dumps({"env": dict(os.environ), "cwd": os.getcwd(), "argv": sys.argv[1:], "given": input(),
                  "session": os.getsid(0), "pid": os.getpid(), "loaded": "locust" in sys.modules}))
print("trouble", file=sys.stderr)
sys.exit(int(sys.argv[1]))
"""
WAITS = "import time\nprint('here', flush=True)\ntime.sleep(600)\n"


class Started:
    """The module ``tells`` or ``waits`` in its folder, with its output in files there."""

    def __init__(self, folder: Path, *words: str, env: dict[str, str] | None = None) -> None:
        folder.mkdir()
        for name, text in (("tells", TELLS), ("waits", WAITS)):
            (folder / f"{name}.py").write_text(text)
        (folder / "in").write_text("a line\n")
        self.folder = folder
        with (
            (folder / "in").open() as given,
            (folder / "out").open("w") as out,
            (folder / "err").open("w") as err,
        ):
            self.forked = preloaded.Forked(list(words), folder, env or {}, out, err, given)

    @property
    def out(self) -> str:
        return (self.folder / "out").read_text()

    @property
    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.out)
        return told


@pytest.mark.parametrize("code", [0, 3])
def test_a_forked_process_has_its_own_folder_environment_output_and_exit_code(
    tmp_path: Path, code: int
) -> None:
    one = Started(tmp_path / "one", "tells", str(code), "more", env={"MINE": "yes"})
    assert one.forked.wait(60) == one.forked.poll() == code
    told = one.told
    assert {name: told[name] for name in ("env", "cwd", "argv", "given", "loaded")} == {
        "env": {"MINE": "yes"}, "cwd": str(tmp_path / "one"), "argv": [str(code), "more"], "given": "a line",
        "loaded": True,
    }  # fmt: skip
    assert told["pid"] == told["session"] == one.forked.pid != os.getpid()
    assert (one.folder / "err").read_text() == "trouble\n"


@pytest.mark.parametrize(("number", "code"), [
    (signal.SIGTERM, INTERRUPTED),  # as our client ends by it, which has been loaded, too
    (signal.SIGKILL, -signal.SIGKILL), (signal.SIGUSR1, -signal.SIGUSR1),
])  # fmt: skip
def test_a_signal_that_ends_one_is_in_its_exit_code(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    one = Started(tmp_path / "one", "waits")
    wait_until(lambda: one.out)
    assert one.forked.poll() is None
    one.forked.send_signal(number)
    assert one.forked.wait(60) == code
    one.forked.send_signal(number)  # to nobody: its number may be another's


def test_two_at_once_are_told_apart(tmp_path: Path) -> None:
    waits = Started(tmp_path / "one", "waits", env={"WHO": "one"})
    ends = Started(tmp_path / "two", "tells", "4", env={"WHO": "two"})
    assert ends.forked.wait(60) == 4
    assert (ends.told["env"], ends.told["cwd"]) == ({"WHO": "two"}, str(tmp_path / "two"))
    wait_until(lambda: waits.out)
    assert waits.forked.poll() is None
    waits.forked.send_signal(signal.SIGKILL)
    assert waits.forked.wait(60) == -signal.SIGKILL
    assert waits.forked.pid != ends.forked.pid


def test_run_captures_what_one_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tells.py").write_text(TELLS)
    monkeypatch.chdir(tmp_path)
    done = preloaded.run([sys.executable, "-m", "tells", "5"], env={}, input=b"given\n", timeout=60)
    assert (done.returncode, done.stderr, json.loads(done.stdout)["given"]) == (5, b"trouble\n", "given")
