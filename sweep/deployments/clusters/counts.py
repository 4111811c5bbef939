"""What a container has used, whoever counted it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Since it was started; None: nobody says, as where there is no quota, or no program to read it by."""

    periods: int | None = None
    throttled_periods: int | None = None
    throttled_seconds: float | None = None
    cpu_seconds: float | None = None
    memory_peak_bytes: int | None = None
    oom_kills: int | None = None
    period_us: int | None = None
    """Over which its quota is counted; None: it has none."""
