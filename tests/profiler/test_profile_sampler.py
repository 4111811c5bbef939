"""What a machine does not say is null, and never the end of a profile."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import psutil
import pytest

from profiler.memory import EACH_S, SharedMemory
from profiler.output import profile_of
from profiler.run import live_line
from profiler.sampler import Sampler
from profiler.summary import summary_of, table
from profiler.watch import Watch

BUSY = """
import sys, time
while time.process_time() < 0.3: pass
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def program() -> Iterator[int]:
    """The pid of a process that has worked, and has no children: this one has those of other tests."""
    one = subprocess.Popen([sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert one.stdout
    assert one.stdout.readline()
    yield one.pid
    one.kill()
    one.communicate(timeout=60)


@pytest.mark.parametrize(
    "error", [RuntimeError("odd"), NotImplementedError(), FileNotFoundError(), ValueError(), IndexError()]
)
def test_counters_that_fail_are_null(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each by itself was reported of psutil: /proc/diskstats that is missing, of a new kernel or of lxcfs
    (github.com/giampaolo/psutil/issues/1321, 1423, 2148), a /proc/meminfo without its lines (1010), a
    /proc/stat that is cut off (1971)."""

    def fail(*_: Any, **__: Any) -> NoReturn:
        raise error

    whole = Sampler(Watch([os.getpid()]), 0.5).sample(0)["system"].keys()
    counters = ("disk_io_counters", "net_io_counters", "disk_usage", "virtual_memory", "cpu_percent")
    for name in (*counters, "cpu_times"):
        monkeypatch.setattr(psutil, name, fail)
    monkeypatch.setattr(os, "getloadavg", fail)
    sample = Sampler(Watch([os.getpid()]), 0.5).sample(0)
    system = sample["system"]
    assert system.keys() == whole
    of_files = {"cgroup", "pressure", "tcp"}
    assert {name for name, value in system.items() if value is not None} - of_files == {"cpu_count"}
    assert "system - % - GB" in live_line(sample)
    figures = summary_of(profile_of([sample]))
    assert figures["figures"]["system_cpu_percent"] is None
    assert "system CPU" in table(figures)


def test_no_disk_and_no_network_are_null(monkeypatch: pytest.MonkeyPatch) -> None:
    """psutil says None where there is none (github.com/giampaolo/psutil/issues/1016)."""
    for name in ("disk_io_counters", "net_io_counters"):
        monkeypatch.setattr(psutil, name, lambda nowrap: None)
    system = Sampler(Watch([os.getpid()]), 0.5).sample(0)["system"]
    assert system["disk_read_bytes"] is system["network_bytes_sent"] is None


@pytest.mark.parametrize("error", [psutil.AccessDenied(), FileNotFoundError(), PermissionError()])
def test_descriptors_that_are_not_ours_to_count_are_null(
    error: Exception, monkeypatch: pytest.MonkeyPatch, program: int
) -> None:
    def fail(_: psutil.Process) -> NoReturn:
        raise error

    monkeypatch.setattr(psutil.Process, "num_fds", fail)
    processes = Sampler(Watch([program]), 0.5).sample(0)["processes"]
    assert processes["process_details"][0]["open_files"] is None
    assert processes["total_open_files"] == 0


def test_a_process_whose_figures_fail_once_is_followed_on(
    monkeypatch: pytest.MonkeyPatch, program: int
) -> None:
    watch = Watch([program])
    sampler = Sampler(watch, 0.5)

    def fail(_: psutil.Process) -> NoReturn:
        raise IndexError  # /proc/PID/status without the line

    with monkeypatch.context() as broken:
        broken.setattr(psutil.Process, "num_threads", fail)
        assert sampler.sample(0)["processes"]["process_count"] == 0
    assert sampler.sample(0)["processes"]["process_count"] == 1


def test_a_process_that_ends_between_listing_and_reading_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch([os.getpid()])
    sampler = Sampler(watch, 0.5)

    def gone(process: psutil.Process) -> NoReturn:
        raise psutil.NoSuchProcess(process.pid)

    monkeypatch.setattr(psutil.Process, "name", gone)
    assert sampler.sample(0)["processes"]["process_count"] == 0
    assert watch.processes() == ()


def test_a_zombie_is_left_out() -> None:
    child = subprocess.Popen(["sleep", "60"])
    try:
        watch = Watch([child.pid])
        sampler = Sampler(watch, 0.5)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and nobody has asked how
        assert sampler.sample(0)["processes"]["process_count"] == 0
    finally:
        child.kill()
        child.wait(60)


def test_a_pid_given_to_another_process_is_not_followed() -> None:
    """A number alone is nobody; who it is shows by when it started."""
    child = subprocess.Popen(["sleep", "60"])
    try:
        watch = Watch([child.pid])
        sampler = Sampler(watch, 0.5)
        (followed,) = watch.processes()
        pid, started = followed._ident
        followed._ident = (pid, started - 100)  # the one that was followed had started earlier
        assert sampler.sample(0)["processes"]["process_details"] == []
        assert watch.processes() == ()
    finally:
        child.kill()
        child.wait(60)


@pytest.mark.parametrize("step_s", [-3600.0, 3600.0])
def test_a_clock_that_is_set_invents_no_cpu_time(
    step_s: float, monkeypatch: pytest.MonkeyPatch, program: int
) -> None:
    """A process found later is not taken for a new-born one, whose CPU time would all be this sample's
    (github.com/giampaolo/psutil/issues/2526)."""
    watch = Watch([])
    sampler = Sampler(watch, 0.5)
    watch.add(program)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + step_s)
    (ourselves,) = sampler.sample(0)["processes"]["process_details"]
    assert ourselves["cpu_percent"] == 0


def test_a_thousand_threads_are_counted() -> None:
    held = threading.Event()
    threads = [threading.Thread(target=held.wait, daemon=True) for _ in range(1000)]
    before = psutil.Process().num_threads()
    for thread in threads:
        thread.start()
    try:
        processes = Sampler(Watch([os.getpid()]), 0.5).sample(0)["processes"]
    finally:
        held.set()
        for thread in threads:
            thread.join(60)
    assert processes["total_threads"] >= before + 1000


def rollup(proc: Path, pid: int, kilobytes: int) -> None:
    file = proc / str(pid) / "smaps_rollup"
    file.parent.mkdir(exist_ok=True)
    file.write_text(
        f"55d0-7ffc ---p 00000000 00:00 0 [rollup]\nRss: 900 kB\nPss: {kilobytes} kB\nPss_Dirty: 3 kB\n"
    )


def test_a_proportional_set_is_read_seldom(tmp_path: Path) -> None:
    rollup(tmp_path, 7, 100)
    shared = SharedMemory(tmp_path)
    shared.refresh({7, 8}, 0.0)
    assert (shared.bytes_of(7, 10**6), shared.bytes_of(8, 10**6)) == (102_400, None)
    rollup(tmp_path, 7, 200)
    shared.refresh({7}, EACH_S / 2)
    assert shared.bytes_of(7, 10**6) == 102_400
    shared.refresh({7}, 3600.0)
    assert shared.bytes_of(7, 10**6) == 204_800
    shared.refresh(set(), 7200.0)
    assert shared.bytes_of(7, 10**6) is None


def test_what_a_process_takes_between_two_readings_is_its_own(tmp_path: Path) -> None:
    """Of a process of 10 GB the set is read once a minute: one that grows meanwhile must not stay small."""
    rollup(tmp_path, 7, 100)
    shared = SharedMemory(tmp_path)
    shared.refresh({7}, 0.0)
    assert shared.bytes_of(7, 10**6) == 102_400
    shared.refresh({7}, EACH_S / 2)
    assert shared.bytes_of(7, 10**9) == 102_400 + 10**9 - 10**6
    assert shared.bytes_of(7, 0) == 0


@pytest.mark.parametrize("text", ["", "Pss:", "Pss: many kB\n", "Rss: 5 kB\n"])
def test_an_odd_rollup_is_none(text: str, tmp_path: Path) -> None:
    rollup(tmp_path, 7, 1)
    (tmp_path / "7" / "smaps_rollup").write_text(text)
    shared = SharedMemory(tmp_path)
    shared.refresh({7}, 0.0)
    assert shared.bytes_of(7, 10**6) is None


def test_where_proportional_sets_are_not_told_resident_ones_are_summed(
    monkeypatch: pytest.MonkeyPatch, program: int
) -> None:
    """Another user's processes, a kernel before 4.14, macOS."""
    monkeypatch.setattr(SharedMemory, "bytes_of", lambda *_: None)
    processes = Sampler(Watch([program]), 0.5).sample(0)["processes"]
    assert processes["memory_source"] == "rss"
    assert processes["total_memory_mb"] == processes["process_details"][0]["memory_mb"] > 0
