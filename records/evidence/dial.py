"""Windows in which one stage of a service was slowed, as the service wrote them down: a line a window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from records.evidence.in_order import in_order

NONE = ""
"""The stage of a window in which none is slowed."""


@dataclass(frozen=True, kw_only=True)
class StageRuns:
    """What the runs of one stage that ended in a window took, and their delays as wanted and as made."""

    runs: int
    own_ns: int
    wanted_ns: int
    made_ns: int


@dataclass(frozen=True, kw_only=True)
class DialWindow:
    """From one moment to another (Unix ns) a stage took so many percent longer."""

    start_ns: int
    end_ns: int
    stage: str
    percent: int
    stages: Mapping[str, StageRuns]

    @classmethod
    def from_json(cls, raw: Any) -> DialWindow:
        """Raises LookupError, TypeError, ValueError for what is no such window."""
        fields = StageRuns.__dataclass_fields__
        found = cls(
            start_ns=int(raw["start_ns"]),
            end_ns=int(raw["end_ns"]),
            stage=str(raw["stage"]),
            percent=int(raw["percent"]),
            stages={
                str(stage): StageRuns(**{name: int(runs[name]) for name in fields})
                for stage, runs in dict(raw["stages"]).items()
            },
        )
        if found.end_ns <= found.start_ns or found.percent < 0:
            raise ValueError("a window that ends before it begins, or in which a stage is faster")
        return found


def parse(line: bytes) -> DialWindow:
    """Raises as `DialWindow.from_json`."""
    return DialWindow.from_json(orjson.loads(line))


def read_windows(path: Path) -> list[DialWindow]:
    """In their order, each once; bad lines, and a last one that a kill cut off, are left out. Raises
    OSError."""
    # Each process has its own, of the same time: they differ in what ran.
    return in_order(path, parse, lambda window: (window.start_ns, repr(window)))


def began_at_ns(line: bytes) -> int:
    """When a line's window began (Unix ns); 0, when there was none, for one that is damaged."""
    try:
        return int(orjson.loads(line)["start_ns"])
    except (LookupError, TypeError, ValueError):
        return 0
