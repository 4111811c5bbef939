"""What is followed where nothing is named: the service on a port, its workers too, and the next one there."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from profiler.listeners import Listeners, listening

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
SERVER = """
import os, socket, sys, time
server = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1)
block = bytearray(os.urandom(1 << 20)) * int(sys.argv[3])
for _ in range(int(sys.argv[2])):
    if os.fork() == 0:
        sum(block[::4096])
        break
os.write(1, b"r")
time.sleep(120)
"""


@pytest.fixture
def serve(free_port: Callable[[], int]) -> Iterator[Callable[..., tuple[int, subprocess.Popen[bytes]]]]:
    """A server with so many forked workers and so many MB that they share."""
    running: list[subprocess.Popen[bytes]] = []

    def start(workers: int = 0, megabytes: int = 1, port: int = 0) -> tuple[int, subprocess.Popen[bytes]]:
        port = port or free_port()
        argv = [sys.executable, "-c", SERVER, str(port), str(workers), str(megabytes)]
        one = subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True)
        running.append(one)
        assert one.stdout
        assert one.stdout.read(workers + 1) == b"r" * (workers + 1)
        return port, one

    yield start
    for one in running:
        end(one)


def end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)


def profile(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "profiler", *flags],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
    )


def points(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text())["data_points"]
    return found


def test_the_service_on_a_port_with_its_workers(serve: Any, tmp_path: Path) -> None:
    """Shared pages count once: the sum is nearer to what they share than to three times that."""
    port, server = serve(workers=2, megabytes=100)
    ended = profile(tmp_path, "--port", str(port), "--duration", "1", "--interval", "0.3")
    assert ended.returncode == 0, ended.stderr
    assert f"follows what listens on port {port}" in ended.stderr
    (output,) = tmp_path.glob("resource_profile_*.json")
    processes = points(output)[-1]["processes"]
    assert processes["process_count"] == 3
    assert server.pid in {one["pid"] for one in processes["process_details"]}
    resident = sum(one["memory_mb"] for one in processes["process_details"])
    if processes["memory_source"] == "pss":
        assert 90 < processes["total_memory_mb"] < 180
        assert resident > 300
    else:  # a kernel without proportional sets
        assert processes["total_memory_mb"] == pytest.approx(resident)


def test_a_second_profile_disturbs_no_first_one(serve: Any, tmp_path: Path) -> None:
    port, _ = serve()
    for _ in range(2):
        ended = profile(tmp_path, "--port", str(port), "--duration", "0.2", "--interval", "0.1", "--quiet")
        assert (ended.returncode, ended.stderr) == (0, "")
    assert len(list(tmp_path.glob("resource_profile_*.json"))) == 2
    assert len(list(tmp_path.glob("resource_profile_*.jsonl"))) == 2


def test_where_nothing_listens_the_machine_is_sampled_and_that_is_told(
    free_port: Callable[[], int], tmp_path: Path
) -> None:
    port = str(free_port())
    ended = profile(tmp_path, "--port", port, "--duration", "0.3", "--interval", "0.1", "--json")
    assert ended.returncode == 0
    assert f"nothing listens on port {port}" in ended.stderr
    assert "--pid" in ended.stderr
    (output,) = tmp_path.glob("resource_profile_*.json")
    assert points(output)[-1]["processes"]["process_count"] == 0
    assert points(output)[-1]["processes"]["memory_source"] is None


def test_a_service_that_comes_again_is_followed_again(serve: Any, tmp_path: Path) -> None:
    port, first = serve()
    argv = [sys.executable, "-m", "profiler", "--port", str(port), "--interval", "0.1", "--quiet"]
    running = subprocess.Popen([*argv, "--output", "p.json"], cwd=tmp_path, env=ENVIRONMENT)
    samples = tmp_path / "p.jsonl"

    def until_followed(pid: int) -> None:
        limit, seen = time.monotonic() + 60, set[int]()
        while pid not in seen:
            assert time.monotonic() < limit
            lines = samples.read_text().splitlines()[:-1] if samples.exists() else []
            for line in lines:
                seen.update(one["pid"] for one in json.loads(line)["processes"]["process_details"])
            time.sleep(0.05)

    try:
        until_followed(first.pid)
        end(first)
        _, second = serve(port=port)
        until_followed(second.pid)
    finally:
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 130
    assert points(tmp_path / "p.json")


def test_whose_port_it_is_may_be_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hidden:
        status, laddr, pid = psutil.CONN_LISTEN, type("A", (), {"port": 8001})(), None

    monkeypatch.setattr(psutil, "net_connections", lambda kind: [Hidden()])
    assert "another user's" in listening(8001).told()
    assert "nothing listens on port 8002" in listening(8002).told()

    def refuse(kind: str) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", refuse)
    assert listening(8001) == Listeners(port=8001, hidden=True)
