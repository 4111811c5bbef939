"""A sample's figures, of processes and a clock of the test's own. What the system does not say is null, and
never the end of a profile."""

import contextlib
import os
import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NoReturn

import psutil
import pytest

from profiler.output import profile_of
from profiler.run import live_line
from profiler.sampling import kernel
from profiler.sampling.memory import SharedMemory
from profiler.sampling.sampler import Sampler
from profiler.sampling.watch import Watch
from profiler.summary import summary_of, table

MB = 1024**2


@dataclass
class Follows:
    """One followed process with the CPU time, in seconds, that the test says; what it raises where."""

    pid: int
    born_s: float = 0.0
    cpu_s: float = 0.0
    fails: Exception | None = None
    hidden: Exception | None = None

    def is_running(self) -> bool:
        return True

    def oneshot(self) -> Any:
        return contextlib.nullcontext()

    def status(self) -> str:
        return "sleeping"

    def cpu_times(self) -> Any:
        return SimpleNamespace(user=self.cpu_s / 4, system=self.cpu_s * 3 / 4)

    def create_time(self) -> float:
        return self.born_s

    def memory_info(self) -> Any:
        return SimpleNamespace(rss=10 * MB)

    def name(self) -> str:
        return "caf\udce9"

    def num_threads(self) -> int:
        if self.fails:
            raise self.fails
        return 3

    def num_fds(self) -> int:
        if self.hidden:
            raise self.hidden
        return 5


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Unix time runs 1000 s ahead of the monotonic one."""
    clock = SimpleNamespace(s=0.0, set_s=0.0)
    monkeypatch.setattr(time, "monotonic", lambda: clock.s)
    monkeypatch.setattr(time, "monotonic_ns", lambda: round(clock.s * 1e9))
    monkeypatch.setattr(time, "time", lambda: 1000 + clock.s + clock.set_s)
    monkeypatch.setattr(time, "time_ns", lambda: round((1000 + clock.s + clock.set_s) * 1e9))
    monkeypatch.setattr(time, "process_time", lambda: clock.s / 100)
    monkeypatch.setattr(kernel, "stat_of", lambda _: None)  # processes of these numbers are others
    return clock


class Watched:
    """What is followed, as the sampler asks for it."""

    def __init__(self, *processes: Follows) -> None:
        self.of = list(processes)
        self.refreshed_s: list[float] = []
        self.refresh = self.refreshed_s.append
        self.drop = self.of.remove

    def processes(self) -> tuple[Follows, ...]:
        return tuple(self.of)


def cpu_of(sample: dict[str, Any]) -> list[float]:
    return [one["cpu_percent"] for one in sample["processes"]["process_details"]]


def sampler_of(watch: Watched) -> Sampler:
    return Sampler(watch, 0.5)  # type: ignore[arg-type]


def raising(error: Exception) -> Any:
    def fail(*_: Any, **__: Any) -> NoReturn:
        raise error

    return fail


def test_cpu_time_is_a_share_of_the_time_since_the_sample_before(clock: Any) -> None:
    one, other = Follows(1, cpu_s=40), Follows(2, cpu_s=7)
    watch = Watched(one, other)
    sampler = sampler_of(watch)
    clock.s += 2
    one.cpu_s += 3
    first = sampler.sample(0)
    assert (cpu_of(first), first["processes"]["total_cpu_percent"]) == ([150, 0], 150)
    clock.s += 0.5
    other.cpu_s += 0.25
    assert cpu_of(sampler.sample(0)) == [0, 50]
    assert watch.refreshed_s == [0, 2, 2.5]


@pytest.mark.parametrize(("set_s", "expected"), [(0, [10, 0]), (-3600, [0, 0]), (3600, [0, 0])])
def test_all_the_time_of_a_process_that_was_born_meanwhile_counts_and_no_elder_s(
    clock: Any, set_s: float, expected: list[float]
) -> None:
    """A clock that is set invents none (github.com/giampaolo/psutil/issues/2526)."""
    watch = Watched()
    sampler = sampler_of(watch)
    clock.s, clock.set_s = 10, set_s
    watch.of += [Follows(1, born_s=1005, cpu_s=1), Follows(2, born_s=900, cpu_s=80)]
    assert cpu_of(sampler.sample(0)) == expected


def test_a_sample_says_when_it_was_and_what_the_profiler_cost(clock: Any) -> None:
    sampler = sampler_of(Watched())
    clock.s = 4
    sample = sampler.sample(3)
    assert (sample["timestamp"], sample["at_ns"]) == ("1970-01-01T00:16:44.000Z", 1004 * 10**9)
    assert sample["elapsed_seconds"] == 4
    own = sample["profiler"].pop("id")
    assert own == sampler.sample(0)["profiler"]["id"] != sampler_of(Watched()).sample(0)["profiler"]["id"]
    assert sample["profiler"] == {
        "cpu_seconds": 0.04, "cpu_percent_of_core": 1.0, "sample_interval_seconds": 0.5, "missed_ticks": 3
    }  # fmt: skip


@pytest.mark.parametrize(("proportional", "source", "total_mb", "hidden"), [
    ({}, "rss", 20, psutil.AccessDenied()), ({1: MB}, "mixed", 11, FileNotFoundError()),
    ({1: MB, 2: 2 * MB}, "pss", 3, PermissionError()),
])  # fmt: skip
def test_totals_are_sums_and_the_memory_s_says_of_what(
    clock: Any, monkeypatch: pytest.MonkeyPatch, proportional: Any, source: str, total_mb: float, hidden: Any
) -> None:
    monkeypatch.setattr(SharedMemory, "bytes_of", lambda _, pid, resident: proportional.get(pid))
    found = sampler_of(Watched(Follows(1), Follows(2, hidden=hidden))).sample(0)["processes"]
    assert (found["memory_source"], found["total_memory_mb"]) == (source, total_mb)
    assert (found["process_count"], found["total_threads"], found["total_open_files"]) == (2, 6, 5)
    assert [one["open_files"] for one in found["process_details"]] == [5, None]
    assert {one["name"] for one in found["process_details"]} == {"caf\ufffd"}


@pytest.mark.parametrize(("fails", "after"), [(IndexError(), 1), (psutil.NoSuchProcess(1), 0)])
def test_one_whose_figures_fail_once_is_followed_on_and_one_that_ended_is_not(
    clock: Any, fails: Exception, after: int
) -> None:
    process = Follows(1)
    sampler = sampler_of(Watched(process))
    for process.fails, count in ((fails, 0), (None, after)):
        assert sampler.sample(0)["processes"]["process_count"] == count


@pytest.mark.parametrize(
    "error", [RuntimeError("odd"), NotImplementedError(), FileNotFoundError(), ValueError(), IndexError()]
)
def test_counters_that_fail_are_null(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each was reported of psutil (github.com/giampaolo/psutil/issues/1321, 1423, 2148, 1010, 1971)."""
    whole = Sampler(Watch([os.getpid()]), 0.5).sample(0)["system"].keys()
    counters = ("disk_io_counters", "net_io_counters", "disk_usage", "virtual_memory", "cpu_times")
    for name in counters:
        monkeypatch.setattr(psutil, name, raising(error))
    monkeypatch.setattr(os, "getloadavg", raising(error))
    for name in ("disk_bytes", "network_bytes"):
        monkeypatch.setattr(kernel, name, lambda: None)
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
    for name in ("disk_bytes", "network_bytes"):
        monkeypatch.setattr(kernel, name, lambda: None)
    system = Sampler(Watch([os.getpid()]), 0.5).sample(0)["system"]
    assert system["disk_read_bytes"] is system["network_bytes_sent"] is None


def test_a_sample_has_all_of_a_real_process() -> None:
    sample = Sampler(Watch([os.getpid()]), 0.5).sample(0)
    assert {"pressure", "tcp", "cpu_busy_seconds", "cpu_steal_seconds"} <= sample["system"].keys()
    assert "sockets" in sample["processes"]
    ours = next(one for one in sample["processes"]["process_details"] if one["pid"] == os.getpid())
    assert ours["cpu_seconds"] > 0
    if hasattr(os, "sched_getaffinity"):
        assert ours["major_faults"] >= 0
        assert ours["cpus_allowed"] == len(os.sched_getaffinity(0))
