"""What a container or a control group has used, whoever counted it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict, TypeVar

N = TypeVar("N", int, float)


class Counted(TypedDict):
    """A usage by the names that records keep it under."""

    nr_periods: int | None
    nr_throttled: int | None
    throttled_seconds: float | None
    cpu_seconds: float | None
    memory_peak_bytes: int | None
    oom_kills: int | None


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Since it was started; None: nobody says, as where there is no quota, or nothing to read it by."""

    periods: int | None = None
    throttled_periods: int | None = None
    throttled_seconds: float | None = None
    """Over all CPUs: two that are stopped for a second are two."""
    cpu_seconds: float | None = None
    memory_peak_bytes: int | None = None
    oom_kills: int | None = None
    period_us: int | None = None
    """Over which its quota is counted; None: it has none, or whoever reads it has set it and knows."""

    @property
    def counted(self) -> Counted:
        """All but the period, of which a limit's own word is kept where there is one."""
        return Counted(
            nr_periods=self.periods,
            nr_throttled=self.throttled_periods,
            throttled_seconds=self.throttled_seconds,
            cpu_seconds=self.cpu_seconds,
            memory_peak_bytes=self.memory_peak_bytes,
            oom_kills=self.oom_kills,
        )

    def plus(self, later: Usage) -> Usage:
        """Of two groups one after the other, as of a container that was started again."""
        peaks = [one for one in (self.memory_peak_bytes, later.memory_peak_bytes) if one is not None]
        return Usage(
            periods=_sum(self.periods, later.periods),
            throttled_periods=_sum(self.throttled_periods, later.throttled_periods),
            throttled_seconds=_sum(self.throttled_seconds, later.throttled_seconds),
            cpu_seconds=_sum(self.cpu_seconds, later.cpu_seconds),
            memory_peak_bytes=max(peaks, default=None),
            oom_kills=_sum(self.oom_kills, later.oom_kills),
            period_us=self.period_us if later.period_us is None else later.period_us,
        )

    def since(self, before: Usage) -> Usage:
        """What came since then; the peak and the period are what they are now."""
        return Usage(
            periods=since(before.periods, self.periods),
            throttled_periods=since(before.throttled_periods, self.throttled_periods),
            throttled_seconds=since(before.throttled_seconds, self.throttled_seconds),
            cpu_seconds=since(before.cpu_seconds, self.cpu_seconds),
            memory_peak_bytes=self.memory_peak_bytes,
            oom_kills=since(before.oom_kills, self.oom_kills),
            period_us=self.period_us,
        )


def since(before: N | None, now: N | None) -> N | None:
    """How far a counter went; None where it was not read at both ends."""
    return None if before is None or now is None else now - before


def _sum(one: N | None, other: N | None) -> N | None:
    return other if one is None else one if other is None else one + other
