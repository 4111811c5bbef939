"""When samples are due: at absolute times, so that a slow sample never shifts the later ones. Pure."""

from __future__ import annotations

from dataclasses import dataclass

# A tick that is late by less than this share of the interval still counts as that tick.
_EPSILON_S = 1e-6


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Ticks 1, 2, 3... at ``start_s + tick * interval_s``, the last not after ``duration_s`` (0: no end)."""

    start_s: float
    interval_s: float
    duration_s: float

    def due_s(self, tick: int) -> float:
        return self.start_s + tick * self.interval_s

    @property
    def end_s(self) -> float:
        return self.start_s + self.duration_s if self.duration_s else float("inf")

    def over(self, tick: int) -> bool:
        """Does ``tick`` lie behind the end?"""
        return self.due_s(tick) > self.end_s + _EPSILON_S

    def after(self, tick: int, now_s: float) -> tuple[int, int]:
        """(the next tick to take, how many were missed) once ``tick`` was taken and it is ``now_s``.

        Ticks already past are left out and counted, never taken in a bunch: two samples a moment apart
        would show a CPU share of next to no time.
        """
        passed = int((now_s - self.start_s + _EPSILON_S) / self.interval_s)
        following = max(tick + 1, passed + (0 if self._on(passed, now_s) else 1))
        return following, following - tick - 1

    def _on(self, tick: int, now_s: float) -> bool:
        return abs(self.due_s(tick) - now_s) <= _EPSILON_S
