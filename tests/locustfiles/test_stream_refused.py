"""What a load cannot be or cannot have: one line before it begins, and an exit code that says so."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support import NO_BYTECODE, ROOT, wait_until
from trap_servers import answering


@pytest.mark.parametrize(("arguments", "option"), [
    (["--master", "--headless"], "--master-bind-port"),
    (["--processes", "2", "--headless"], "--master-bind-port"),
    (["--master", "--web-port", "TAKEN", "--master-bind-port", "0"], "--web-port"),
    (["--web-port", "TAKEN"], "--web-port"),
])  # fmt: skip
def test_a_port_that_is_taken_is_one_line_and_exit_2(locust: Any, arguments: list[str], option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        given = [port if argument == "TAKEN" else argument for argument in arguments]
        one = locust("-H", "http://127.0.0.1:1", "--master-bind-port", port, *given)
        assert one.wait() == 2, one.text
    assert f"error: {option} {port}: Address already in use" in one.text.splitlines()
    assert "Traceback" not in one.text
    wait_until(lambda: not alive(one.process.pid))  # no worker is left of its session


@pytest.mark.parametrize(("arguments", "said"), [
    (["--headless"], "which service?"),
    (["--headless", "-H", "http://127.0.0.1:1", "--results", "r"], "be reached: connection refused"),
    (["-H", "http://x", "--requests", "-1"], "--requests wants a whole number of at least 0"),
    (["--headless", "-H", "http://x", "--results", "/dev/null/r"], "/dev/null/r: Not a directory"),
    (["--headless", "-H", "http://x", "--json-file", "/dev/null/l"], "--json-file /dev/null/l.json: Not a"),
    (["--headless", "-H", "http://x", "--csv", "/dev/null/l"], "--csv /dev/null/l_stats.csv: Not a dir"),
    (["--headless", "-H", "http://x", "--logfile", "/dev/null/l"], "--logfile /dev/null/l: Not a directory"),
    (["-H", "http://x", "-t", "99999999999h"], "-t is too long"),
    (["-H", "http://x", "--processes", "-7"], "--processes wants a whole number of at least -1"),
    (["-H", "http://x", "--headless", "-t", "0s"], "of at least 1"),
    (["-H", "http://x", "--headless", "-u", "0", "--processes", "2"], "of at least 1"),
    (["-H", "http://127.0.0.1:9", "--headless", "--questions", "/dev/null"], "this is a device, and"),
])  # fmt: skip
def test_bad_input_is_one_line_and_exit_2(
    locust: Any, free_port: Any, arguments: list[str], said: str
) -> None:
    port = str(free_port())
    ports = ("--web-port", "0", "--master-bind-port", port, "--master-port", port)
    one = locust("-u", "1", "-t", "1s", *ports, *arguments)
    assert one.wait() == 2, one.text
    errors = [line for line in one.text.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, one.text
    assert said in errors[0]
    assert "Traceback" not in one.text
    wait_until(lambda: not alive(one.process.pid))


def alive(session: int) -> bool:
    try:
        os.killpg(session, 0)
    except ProcessLookupError:
        return False
    return True


def test_no_room_at_the_start_is_one_line_and_exit_code_1(trap: Any, tmp_path: Path) -> None:
    server = trap(answering(0.05))
    # A limit on the size of files stands for the full disk: cell.json is longer. So are modules, and what
    # Python writes of a compiled one, cut off there, would be what all other tests of a fresh clone import.
    script = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
os.execv(sys.executable, [sys.executable, "-m", "locust", *sys.argv[1:]])
"""
    stream = str(ROOT / "locustfiles" / "stream.py")
    arguments = ["-f", stream, "-H", server.url, "--headless", "--results", "r"]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], env=os.environ | NO_BYTECODE, cwd=tmp_path,
        capture_output=True, text=True, timeout=90,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert said.count("cannot write r/cell.json: File too large") == 1
    assert "Traceback" not in said
    assert server.talks == []
    assert list((tmp_path / "r").iterdir()) == []
