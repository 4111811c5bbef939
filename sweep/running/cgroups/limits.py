"""What a group may have, as a container's limits and requests say it, in the kernel's units. Values only."""

from __future__ import annotations

import math
from dataclasses import dataclass

PERIOD_US = 100_000
"""Over which the kernel counts a quota, as kubelets leave it."""
SHORT_PERIOD_US = 10_000
"""In which nobody is stopped for longer than some milliseconds: a kernel's tick is up to four of them, and it
hands quota out by five."""
LEAST_QUOTA_US = 1000
"""The kernel takes no less."""
_SHARES_OF_A_CORE = 1024
_LEAST_SHARES, _MOST_SHARES = 2, 262_144
_MOST_WEIGHT = 10_000


@dataclass(frozen=True, kw_only=True)
class Limits:
    """None: none."""

    cpu_cores: float | None = None
    """Its quota."""
    cpu_period_us: int = PERIOD_US
    cpu_request_cores: float | None = None
    """By this it is weighed where all CPUs are wanted."""
    memory_bytes: int | None = None

    @property
    def period_us(self) -> int:
        """Long enough for the least quota that there may be."""
        least = LEAST_QUOTA_US / self.cpu_cores if self.cpu_cores else 0.0
        return min(1_000_000, max(self.cpu_period_us, math.ceil(least)))

    @property
    def quota_us(self) -> int | None:
        if self.cpu_cores is None:
            return None
        return max(LEAST_QUOTA_US, round(self.cpu_cores * self.period_us))

    @property
    def container_cores(self) -> float | None:
        """Its quota in a container, whose period stays what it is."""
        return None if self.cpu_cores is None else max(self.cpu_cores, LEAST_QUOTA_US / PERIOD_US)

    @property
    def shares(self) -> int | None:
        """Of version 1, as the kubelet reckons them (`MilliCPUToShares`)."""
        if self.cpu_request_cores is None:
            return None
        return min(_MOST_SHARES, max(_LEAST_SHARES, int(self.cpu_request_cores * _SHARES_OF_A_CORE)))

    @property
    def weight(self) -> int | None:
        """Of version 2, from those shares as runc and crun convert them."""
        if (shares := self.shares) is None:
            return None
        return 1 + (shares - _LEAST_SHARES) * (_MOST_WEIGHT - 1) // (_MOST_SHARES - _LEAST_SHARES)
