"""What is followed where nothing is named: the service on a port, its workers too, and the next one there."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from profiler.listeners import LIST_S
from profiler.output import new_path
from profiler.watch import Watch
from profiles import ENVIRONMENT

SERVER = """
import os, socket, sys, time
server = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1, reuse_port=True)
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
    argv = [sys.executable, "-m", "profiler", *flags]
    return subprocess.run(argv, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)


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


def test_alone_it_looks_at_the_port_of_the_reference_app(tmp_path: Path) -> None:
    """Whatever is there, on the machine that runs this."""
    ended = profile(tmp_path, "--duration", "0.2", "--interval", "0.1")
    said = ended.stderr.splitlines()
    assert "port 8001" in said[0]
    assert (ended.returncode, len(said)) in ((0, 1), (2, 2)), ended.stderr
    (output,) = tmp_path.glob("resource_profile_*.json")
    assert json.loads(output.read_text())["metadata"]["port"]["number"] == 8001


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
    first, last = ended.stderr.splitlines()
    assert f"nothing listens on port {port}" in first
    assert "--pid" in first
    assert ended.returncode == 2
    assert last.startswith(
        "error: nothing was followed, only the machine was sampled: nothing listens on port"
    )
    assert json.loads(ended.stdout)["figures"]["system_cpu_percent"]
    (output,) = tmp_path.glob("resource_profile_*.json")
    assert points(output)[-1]["processes"]["process_count"] == 0
    assert points(output)[-1]["processes"]["memory_source"] is None


def test_a_service_that_comes_again_is_followed_again(serve: Any, tmp_path: Path) -> None:
    port, first = serve()
    argv = [sys.executable, "-m", "profiler", "--port", str(port), "--interval", "0.1", "--quiet"]
    running = subprocess.Popen(
        [*argv, "--output", "p.json"], cwd=tmp_path, env=ENVIRONMENT, start_new_session=True
    )
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
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 0
    finally:
        end(running)
    assert points(tmp_path / "p.json")


def test_a_service_that_takes_over_is_followed_beside_the_old_one(serve: Any) -> None:
    """As one does that starts before the other has ended, on the same port (SO_REUSEPORT)."""
    port, first = serve()
    watch = Watch([], port=port)
    watch.refresh(0.0)
    assert {one.pid for one in watch.processes()} == {first.pid}
    _, second = serve(port=port)
    watch.refresh(LIST_S / 2)
    assert {one.pid for one in watch.processes()} == {first.pid}
    watch.refresh(3600.0)
    assert {one.pid for one in watch.processes()} == {first.pid, second.pid}
    assert watch.listeners
    assert watch.listeners.pids == {first.pid, second.pid}


def test_a_late_listener_is_followed_beside_a_named_process(serve: Any, free_port: Callable[[], int]) -> None:
    port = free_port()
    watch = Watch([os.getppid()], port=port)
    watch.refresh(0.0)
    assert {one.pid for one in watch.processes()} >= {os.getppid()}
    assert watch.listeners
    assert not watch.listeners.pids
    _, late = serve(port=port)
    watch.refresh(3600.0)
    assert {one.pid for one in watch.processes()} >= {os.getppid(), late.pid}


def test_profiles_of_one_second_have_files_of_their_own(tmp_path: Path) -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    names = [new_path(tmp_path, now).name for _ in range(2)]
    assert names == ["resource_profile_20260102T030405Z.json", "resource_profile_20260102T030405Z-2.json"]
    (tmp_path / "resource_profile_20260102T030405Z-3.json").write_text("precious")
    assert new_path(tmp_path, now).name == "resource_profile_20260102T030405Z-4.json"


OTHER_USER = """
import json, os, socket
from profiler.listeners import listening
from profiler.sampler import Sampler
from profiler.watch import Watch
root = os.getpid()
server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
if os.fork() == 0:
    server.close()
    os.setgid(65534)
    os.setuid(65534)
    processes = Sampler(Watch([root]), 0.5).sample(0)["processes"]
    found = listening(port)
    print(json.dumps({"told": found.told(), "pids": sorted(found.pids), "root": root, **processes}))
else:
    os.wait()
"""


@pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="only root can be another user")
def test_another_users_service_is_seen_as_far_as_its_user_lets_others(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", OTHER_USER], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout, ended.stderr
    seen = json.loads(ended.stdout)
    assert "the system does not say who listens" in seen["told"]
    assert seen["pids"] == []
    assert seen["memory_source"] in ("rss", "mixed")
    root = next(one for one in seen["process_details"] if one["pid"] == seen["root"])
    assert root["pss_mb"] is root["open_files"] is None
    assert root["memory_mb"] > 0
    assert root["num_threads"] >= 1
