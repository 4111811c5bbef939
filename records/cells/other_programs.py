"""Programs of the sweep's machine that took CPU while a cell was measured, and were none of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

TO_DO = "stop what is yours, or measure when the others are done, or elsewhere"
"""What to do about them: some may be other people's."""
MOST_NAMED = 3
"""So many of them are kept of a cell, and so many are named of several."""


@dataclass(frozen=True, kw_only=True)
class OtherProgram:
    """Neither the sweep, nor what it started, nor the service that was measured."""

    name: str
    """Redacted, and without its arguments."""
    pid: int
    cores: float
    """Of one core, on average while the cell was measured: 0.95."""

    def __str__(self) -> str:
        return f"{self.name} (pid {self.pid})"

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """Raises KeyError, TypeError or ValueError for what is none."""
        name, pid, cores = str(raw["name"]), int(raw["pid"]), float(raw["cores"])
        if not math.isfinite(cores):
            raise ValueError(f"cores is {raw['cores']!r}")
        return cls(name=name, pid=pid, cores=cores)


def in_words(cores: Mapping[str, float], *, at_most: bool = False) -> str:
    """What programs took of a core, by what they are called; empty where that is nobody. ``at_most``: of
    several cells, in the one in which they took most."""
    named = ", ".join(f"{name} {100 * taken:.0f} %" for name, taken in cores.items())
    return named and f"other programs took {'at most ' if at_most else ''}of a core: {named}"
