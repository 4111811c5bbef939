"""How long what a sweep starts may take to be there; a target as long as the sweep's budget lasts, too."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self

from sweep.running.errors import OutOfTime, UsageError

_POLL_SECONDS = 0.02


class Process(Protocol):
    """One that may end."""

    def exit_code(self) -> int | None:
        """None while it runs."""
        ...


def wait_begun(process: Process, has_begun: Callable[[], bool], seconds: float) -> bool:
    """Until it has begun, has ended or took too long. Has it begun?"""
    ends = time.monotonic() + seconds
    while not has_begun():
        if process.exit_code() is not None or time.monotonic() > ends:
            return False
        time.sleep(_POLL_SECONDS)
    return True


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Of one start; its moments are those of `time.monotonic`."""

    began: float
    seconds: float
    budget_ends: float

    @classmethod
    def from_now(cls, seconds: float, budget_ends: float) -> Self:
        return cls(began=time.monotonic(), seconds=seconds, budget_ends=budget_ends)

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= min(self.began + self.seconds, self.budget_ends)

    def error(self, why: str, what: str = "the target") -> UsageError:
        """That ``what`` was waited for in vain."""
        if self.budget_ends < self.began + self.seconds:
            return OutOfTime(f"the budget ended before {what} was ready: {why}")
        return UsageError(f"{what} was not ready after {self.seconds:g} s: {why}")
