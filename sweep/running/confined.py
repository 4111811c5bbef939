"""A control group with the limits that it was made with: what it used, and whether its limit killed."""

from __future__ import annotations

from dataclasses import dataclass

from sweep.running.cgroups.group import Group
from sweep.running.cgroups.limits import Limits
from sweep.running.errors import OutOfMemory

_MB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Confined:
    group: Group
    limits: Limits

    def killed(self) -> str:
        """That its memory limit killed a process, in one line; empty: it did not."""
        used = self.group.read()
        if not used.oom_kills:
            return ""
        limit, peak = self.limits.memory_bytes, used.memory_peak_bytes
        reached = "" if peak is None else f", the most it had was {_size(peak)}"
        allowed = "that it may have" if limit is None else f"limit of {_size(limit)}"
        return f"killed for want of memory: its {allowed}{reached}"

    def check_killed(self, name: str) -> None:
        """Raises OutOfMemory."""
        if why := self.killed():
            raise OutOfMemory(f"{name} was {why}")


def _size(count: int) -> str:
    return f"{count / _MB:.0f} MiB"
