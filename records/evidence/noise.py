"""What the machine itself did meanwhile: the host's share of it, and who waited for a CPU (Linux's /proc).

``read`` before and after; the rest is a pure difference of the two. What a system does not tell is None.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

PROC = Path("/proc")
STARVED_PERCENT = 50.0
"""Of the time: who waited for a CPU longer than it did not may be late, or have nothing, for that alone."""


@dataclass(frozen=True, kw_only=True)
class Counters:
    """The kernel's counters at one moment; each only grows."""

    at_ns: int
    """Monotonic."""
    total_ticks: int | None = None
    """Of all CPUs, idle ones too."""
    steal_ticks: int | None = None
    """In which a CPU had work and the host ran something else."""
    pressure_us: int | None = None
    """In which at least one thread of the machine waited for a CPU (PSI)."""
    delay_ns: Mapping[int, int] = field(default_factory=dict)
    """Of each thread of the processes read: how long it was ready to run and waited for a CPU."""


@dataclass(frozen=True, kw_only=True)
class Noise:
    """A span of time in per cent of it; None where the system does not tell."""

    steal_percent: float | None = None
    """Of the time of all CPUs together."""
    pressure_percent: float | None = None
    """Whoever waited: a busy loop of the lowest priority counts like the load."""
    generator_delay_percent: float | None = None
    """Of its thread that waited the longest: a load process has one that matters, its event loop's. Older
    cells have the sum over all threads."""
    target_delay_percent: float | None = None
    """The waits of all threads added up, so that several of them can pass 100."""

    @property
    def generator_starved(self) -> bool:
        """Did it wait for a CPU for most of the time?"""
        return (self.generator_delay_percent or 0.0) > STARVED_PERCENT

    def to_json(self) -> dict[str, float | None]:
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Any) -> Noise:
        """From ``achieved.noise``; nothing is known where that is none, or not as it is written here."""
        if not isinstance(raw, Mapping):
            return cls()
        known = {name: raw.get(name) for name in cls.__dataclass_fields__}
        return cls(**{name: value for name, value in known.items() if type(value) in (int, float)})


def read(pids: Iterable[int], proc: Path = PROC) -> Counters:
    """The counters now, with those of all threads of ``pids``. A process that is gone has none."""
    total, steal = _ticks(proc)
    delays = {thread: delay for pid in pids for thread, delay in _delays(proc / str(pid) / "task")}
    return Counters(
        at_ns=time.monotonic_ns(),
        total_ticks=total,
        steal_ticks=steal,
        pressure_us=_pressure_us(proc),
        delay_ns=delays,
    )


def _ticks(proc: Path) -> tuple[int | None, int | None]:
    with suppress(OSError, ValueError, IndexError):
        # user nice system idle iowait irq softirq steal; what guests got is in the first two already
        ticks = [int(word) for word in (proc / "stat").read_text().splitlines()[0].split()[1:9]]
        return sum(ticks), ticks[7]
    return None, None


def _pressure_us(proc: Path) -> int | None:
    with suppress(OSError, ValueError):  # a kernel without PSI has no such file, or refuses to read it
        for line in (proc / "pressure" / "cpu").read_text().splitlines():
            if line.startswith("some "):
                return int(line.rpartition("total=")[2])
    return None


def _delays(tasks: Path) -> Iterator[tuple[int, int]]:
    """Each thread with its delay; none where the kernel does not count (then it says 0 of the time on a
    CPU as well)."""
    with suppress(OSError):
        for task in tasks.iterdir():
            with suppress(OSError, ValueError):
                ran_ns, delay_ns, *_ = map(int, (task / "schedstat").read_text().split())
                if ran_ns:
                    yield int(task.name), delay_ns


def of_generator(before: Counters, after: Counters) -> Noise:
    """What the machine did between two readings of the load's own processes."""
    ticks = _grown(before.total_ticks, after.total_ticks)
    wall_us = (after.at_ns - before.at_ns) / 1e3
    return Noise(
        steal_percent=_percent(_grown(before.steal_ticks, after.steal_ticks), ticks),
        pressure_percent=_percent(_grown(before.pressure_us, after.pressure_us), wall_us),
        generator_delay_percent=_percent(
            max(_waits(before, after), default=None), after.at_ns - before.at_ns
        ),
    )


def delay_percent(before: Counters, after: Counters) -> float | None:
    """How long the threads waited for a CPU, added up, in per cent of the time."""
    waits = list(_waits(before, after))
    return _percent(sum(waits), after.at_ns - before.at_ns) if waits else None


def _waits(before: Counters, after: Counters) -> Iterator[int]:
    """How long each thread waited for a CPU. One that was born meanwhile counts from its birth; one that has
    ended is not counted."""
    for thread, delay in after.delay_ns.items():
        known = before.delay_ns.get(thread, 0)
        yield delay - known if delay >= known else delay  # less than before: another of the same number


def _grown(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else max(0, after - before)


def _percent(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole or whole < 0 else round(100 * part / whole, 2)
