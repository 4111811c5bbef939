"""A sample's figures, of processes and a clock of the test's own."""

import contextlib
import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from profiler.memory import SharedMemory
from profiler.sampler import Sampler

MB = 1024**2


@dataclass
class Follows:
    """One followed process with the CPU time, in seconds, that the test says."""

    pid: int
    born_s: float = 0.0
    cpu_s: float = 0.0
    refuses: bool = False

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
        return 3

    def num_fds(self) -> int:
        if self.refuses:
            raise psutil.AccessDenied(self.pid)
        return 5


class Clock:
    """Unix time runs 1000 s ahead of the monotonic one."""

    def __init__(self) -> None:
        self.s = 0.0

    def pass_by(self, seconds: float) -> None:
        self.s += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: clock.s)
    monkeypatch.setattr(time, "monotonic_ns", lambda: round(clock.s * 1e9))
    monkeypatch.setattr(time, "time", lambda: 1000 + clock.s)
    monkeypatch.setattr(time, "time_ns", lambda: round((1000 + clock.s) * 1e9))
    monkeypatch.setattr(time, "process_time", lambda: clock.s / 100)
    return clock


class Watched:
    """What is followed, as the sampler asks for it."""

    def __init__(self, *processes: Follows) -> None:
        self.of = list(processes)
        self.refreshed_s: list[float] = []

    def refresh(self, now_s: float) -> None:
        self.refreshed_s.append(now_s)

    def processes(self) -> tuple[Follows, ...]:
        return tuple(self.of)


def cpu_of(sample: dict[str, Any]) -> list[float]:
    return [one["cpu_percent"] for one in sample["processes"]["process_details"]]


def sampler_of(watch: Watched) -> Sampler:
    return Sampler(watch, 0.5)  # type: ignore[arg-type]


def test_cpu_time_is_a_share_of_the_time_since_the_sample_before(clock: Clock) -> None:
    one, other = Follows(1, cpu_s=40), Follows(2, cpu_s=7)
    watch = Watched(one, other)
    sampler = sampler_of(watch)
    clock.pass_by(2)
    one.cpu_s += 3
    first = sampler.sample(0)
    assert (cpu_of(first), first["processes"]["total_cpu_percent"]) == ([150, 0], 150)
    clock.pass_by(0.5)
    other.cpu_s += 0.25
    assert cpu_of(sampler.sample(0)) == [0, 50]
    assert watch.refreshed_s == [0, 2, 2.5]


def test_all_the_time_of_a_process_that_was_born_meanwhile_counts_and_no_elder_s(clock: Clock) -> None:
    watch = Watched()
    sampler = sampler_of(watch)
    clock.pass_by(10)
    watch.of += [Follows(1, born_s=1005, cpu_s=1), Follows(2, born_s=900, cpu_s=80)]
    assert cpu_of(sampler.sample(0)) == [10, 0]


def test_a_sample_says_when_it_was_and_what_the_profiler_cost(clock: Clock) -> None:
    sampler = sampler_of(Watched())
    clock.pass_by(4)
    sample = sampler.sample(3)
    assert (sample["timestamp"], sample["at_ns"]) == ("1970-01-01T00:16:44.000Z", 1004 * 10**9)
    assert sample["elapsed_seconds"] == 4
    assert sample["profiler"] == {
        "cpu_seconds": 0.04,
        "cpu_percent_of_core": 1.0,
        "sample_interval_seconds": 0.5,
        "missed_ticks": 3,
    }


@pytest.mark.parametrize(
    ("proportional", "source", "total_mb"),
    [({}, "rss", 20), ({1: MB}, "mixed", 11), ({1: MB, 2: 2 * MB}, "pss", 3)],
)
def test_totals_are_sums_and_the_memory_s_says_of_what(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, proportional: dict[int, int], source: str, total_mb: float
) -> None:
    monkeypatch.setattr(SharedMemory, "bytes_of", lambda _, pid, resident: proportional.get(pid))
    found = sampler_of(Watched(Follows(1), Follows(2, refuses=True))).sample(0)["processes"]
    assert (found["memory_source"], found["total_memory_mb"]) == (source, total_mb)
    assert (found["process_count"], found["total_threads"], found["total_open_files"]) == (2, 6, 5)
    assert [one["open_files"] for one in found["process_details"]] == [5, None]
    assert {one["name"] for one in found["process_details"]} == {"caf\ufffd"}
