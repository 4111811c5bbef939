"""What a load process saw of itself, as a cell keeps it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class LoadWorker:
    """What one load process saw of itself while it measured; None: it did not say."""

    worker: str
    region: str
    loop_lag_p99_ms: float | None
    cpu_percent: float | None
    """Of one core."""
    stood_still_percent: float | None = None
    """Of the time measured: it did not run, though it was due to."""
    priority: str = ""
    """A low one, ``idle priority`` or ``nice 19``; empty: the usual one, or not known."""

    def __str__(self) -> str:
        return f"{self.worker} in {self.region}" if self.region else self.worker
