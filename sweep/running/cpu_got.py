"""What somebody who is waited for got of the CPUs meanwhile: who got none is not to blame for being late."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import psutil

from records.evidence import noise

SAID_AFTER_SECONDS = 10.0
"""What starts sooner than that keeps nobody waiting for a word of why."""
LOOK_SECONDS = 1.0
"""Between looks, each of which goes over all processes of the machine."""


@dataclass(frozen=True, kw_only=True)
class CpuGot:
    """Of a process with all that it started, in seconds since it began."""

    seconds: float
    """For which it is waited, at most those for which it is there."""
    cpu: float
    queued: float | None = None
    """For how long the thread that waited longest was ready to run and had no CPU; None: the system does not
    say it."""

    @classmethod
    def of(cls, pid: int, seconds: float) -> Self | None:
        """None: it is gone."""
        try:
            process = psutil.Process(pid)
            age = max(0.0, time.time() - process.create_time())
            family = [process, *process.children(recursive=True)]
        except psutil.Error:
            return None
        queued = noise.read(one.pid for one in family).delay_ns.values()
        return cls(
            seconds=min(seconds, age),
            cpu=sum(map(_cpu, family)),
            queued=max(queued) / 1e9 if queued else None,
        )

    @property
    def is_starved(self) -> bool:
        """Others had the CPUs. Whose own threads are in each other's way gets more than the longest waits."""
        least = max(noise.STARVED_PERCENT / 100 * self.seconds, self.cpu)
        return self.queued is not None and self.queued > 0 and self.queued >= least

    def __str__(self) -> str:
        if not self.is_starved:
            return f"it got {self.cpu:.1f} s of CPU in {self.seconds:.0f} s"
        return (
            f"it got {self.cpu:.1f} s of CPU in {self.seconds:.0f} s, and stood in line for one for "
            f"{self.queued:.0f} s: other programs take it, or a CPU limit keeps it from more"
        )


def _cpu(process: psutil.Process) -> float:
    """With that of its children who have ended."""
    try:
        return float(sum(process.cpu_times()[:4]))
    except psutil.Error:
        return 0.0


def got_in(seconds: float, pid: int) -> str:
    """As the end of a sentence: ``; it got 3.0 s of CPU in 40 s``; empty: it is gone."""
    got = CpuGot.of(pid, seconds)
    return f"; {got}" if got else ""


class Watched:
    """One that is waited for since ``began``, a moment of `time.monotonic`: looked at now and then.

    ``note``: told once that it gets no CPU.
    """

    def __init__(self, began: float, note: Callable[[str], None]) -> None:
        self._began, self._note, self._noted = began, note, False
        self._looked: tuple[int, float] | None = None
        """Whose pid, and when."""
        self._got: CpuGot | None = None

    def got(self, pid: int) -> str:
        """As `got_in` says it, by the last look; empty also while it is not long that it is waited for."""
        now = time.monotonic()
        if now - self._began < SAID_AFTER_SECONDS:
            return ""
        if self._looked is None or self._looked[0] != pid or now - self._looked[1] >= LOOK_SECONDS:
            self._looked, self._got = (pid, now), CpuGot.of(pid, now - self._began)
        if self._got is None:
            return ""
        if self._got.is_starved and not self._noted:
            self._noted = True
            self._note(f"not ready after {now - self._began:.0f} s: {self._got}")
        return f"; {self._got}"
