"""How long a target may take to get ready: as long as it is allowed, while the sweep's budget lasts."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Self

from sweep.running.errors import OutOfTime, UsageError


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
