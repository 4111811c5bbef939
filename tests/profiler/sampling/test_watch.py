"""What is followed: a process and no other of its number, the service on a port, its workers too, and the
next one there."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from profiler.cli import main
from profiler.sampling import watch
from profiler.sampling.listeners import LIST_S
from profiler.sampling.sampler import Sampler
from profiler.sampling.watch import RESCAN_S, Watch
from profiles import ENVIRONMENT, points

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
        running.append(subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True))
        assert running[-1].stdout
        assert running[-1].stdout.read(workers + 1) == b"r" * (workers + 1)
        return port, running[-1]

    yield start
    for one in running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(one.pid, signal.SIGKILL)
        one.communicate(timeout=30)


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as one:
        yield one
        one.kill()


def followed(watch: Watch, now_s: float) -> set[int]:
    watch.refresh(now_s)
    return {one.pid for one in watch.processes()}


def test_a_zombie_is_left_out(child: subprocess.Popen[bytes]) -> None:
    sampler = Sampler(Watch([child.pid]), 0.5)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and nobody has asked how
    assert sampler.sample(0)["processes"]["process_count"] == 0


def test_a_pid_given_to_another_process_is_not_followed(child: subprocess.Popen[bytes]) -> None:
    """A number alone is nobody; who it is shows by when it started."""
    watch = Watch([child.pid])
    sampler = Sampler(watch, 0.5)
    (process,) = watch.processes()
    pid, started = process._ident
    process._ident = (pid, started - 100)  # the one that was followed had started earlier
    sampler._started[pid] = "1"
    assert sampler.sample(0)["processes"]["process_details"] == []
    assert watch.processes() == ()


def test_a_service_that_takes_over_is_followed_beside_the_old_one_and_beside_a_named_process(
    serve: Any, free_port: Callable[[], int], child: subprocess.Popen[bytes]
) -> None:
    """As one does that starts before the other has ended, on the same port (SO_REUSEPORT)."""
    port = free_port()
    watch = Watch([child.pid], port=port)
    assert followed(watch, 0.0) == {child.pid}
    _, first = serve(port=port)
    assert followed(watch, LIST_S / 2) == {child.pid}
    assert followed(watch, 3600.0) == {child.pid, first.pid}
    _, second = serve(port=port)
    assert followed(watch, 7200.0) == {child.pid, first.pid, second.pid}
    assert watch.listeners
    assert watch.listeners.pids == {first.pid, second.pid}


def test_the_service_on_a_port_with_its_workers(serve: Any, here: Any, tmp_path: Path) -> None:
    """Shared pages count once: the sum is nearer to what they share than to three times that."""
    port, server = serve(workers=2, megabytes=100)
    words = ("--port", str(port), "--duration", "1", "--interval", "0.3", "--output", "profile.json")
    ended = here(main, *words)
    assert ended.returncode == 0, ended.stderr
    assert f"follows what listens on port {port}" in ended.stderr
    processes = points(tmp_path)[-1]["processes"]
    assert processes["process_count"] == 3
    assert server.pid in {one["pid"] for one in processes["process_details"]}
    resident = sum(one["memory_mb"] for one in processes["process_details"])
    if processes["memory_source"] == "pss":
        assert 90 < processes["total_memory_mb"] < 180
        assert resident > 300
    else:  # a kernel without proportional sets
        assert processes["total_memory_mb"] == pytest.approx(resident)


def test_alone_it_looks_at_the_port_of_the_reference_app(here: Any, tmp_path: Path) -> None:
    """Whatever is there, on the machine that runs this."""
    ended = here(main, "--duration", "0.2", "--interval", "0.1")
    said = ended.stderr.splitlines()
    assert "port 8001" in said[0]
    assert (ended.returncode, len(said)) in ((0, 1), (2, 2)), ended.stderr
    (output,) = tmp_path.glob("resource_profile_*.json")
    assert json.loads(output.read_text())["metadata"]["port"]["number"] == 8001


@pytest.mark.parametrize(("words", "warns", "tells"), [
    (("--port", "PORT"), "nothing listens on port PORT", "nothing listens on port"),
    (("--match", "no-[n]eedle"), "no command line matches", "no command line matched 'no-[n]eedle'"),
])  # fmt: skip
def test_where_nothing_is_followed_the_machine_is_sampled_and_that_is_told(
    free_port: Callable[[], int], here: Any, tmp_path: Path, words: tuple[str, ...], warns: str, tells: str
) -> None:
    port = str(free_port())
    words = (*(word.replace("PORT", port) for word in words), "--duration", "0.3", "--interval", "0.1")
    ended = here(main, *words, "--json", "--output", "profile.json")
    first, last = ended.stderr.splitlines()
    assert warns.replace("PORT", port) in first
    assert ended.returncode == 2
    assert last.startswith(f"error: nothing was followed, only the machine was sampled: {tells}")
    assert json.loads(ended.stdout)["figures"]["system_cpu_percent"]
    totals = points(tmp_path)[-1]["processes"]
    assert (totals.pop("process_details"), totals.pop("memory_source")) == ([], None)
    assert totals.pop("sockets") is None
    assert set(totals.values()) == {0}


OTHER_USER = """
import json, os, socket
from profiler.sampling.listeners import listening
from profiler.sampling.sampler import Sampler
from profiler.sampling.watch import Watch
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
    argv = [sys.executable, "-c", OTHER_USER]
    ended = subprocess.run(argv, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    assert ended.stdout, ended.stderr
    seen = json.loads(ended.stdout)
    assert "the system does not say who listens" in seen["told"]
    assert seen["pids"] == []
    assert seen["memory_source"] in ("rss", "mixed")
    root = next(one for one in seen["process_details"] if one["pid"] == seen["root"])
    assert root["pss_mb"] is root["open_files"] is None
    assert root["memory_mb"] > 0


def test_all_processes_are_listed_seldom_while_none_is_born(monkeypatch: pytest.MonkeyPatch) -> None:
    newest: list[int | None] = [100]
    listed: list[int | None] = []

    def pids() -> list[int]:
        listed.append(newest[0])
        return [os.getpid()]

    monkeypatch.setattr(watch, "newest_pid", lambda: newest[0])
    monkeypatch.setattr(psutil, "pids", pids)
    looks = Watch([os.getpid()])
    for at_s in (0.0, 0.5, 1.0):
        looks.refresh(at_s)
    newest[0] = 101
    for at_s in (1.5, RESCAN_S, RESCAN_S + 0.5):
        looks.refresh(at_s)
    newest[0] = None  # not told, as on another system
    looks.refresh(RESCAN_S + 1)
    assert listed == [100, 101, 101, None]
