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
    quota_us: int | None = None
    """It may run for so long in each period of"""
    period_us: int | None = None
    """so long."""
