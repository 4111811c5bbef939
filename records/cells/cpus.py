"""How the CPUs of its machine were divided for a cell, as its ``requested.cpus`` keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

SHARED = "shared"
CLUSTER = "cluster"
"""Of a load that runs in a cluster: as that places its pods."""


@dataclass(frozen=True, kw_only=True)
class CpuDivision:
    """Which CPUs are whose; without a word nothing is known."""

    mode: str = ""
    """`SHARED`, where both have the same; `CLUSTER`; else as ``--cpus`` asked for."""
    load: tuple[int, ...] = ()
    """Of Locust, the LLM server, the profiler, the probes and the sweep itself."""
    target: tuple[int, ...] | None = ()
    """None of a service that is not ours to keep anywhere."""
    realtime: bool = False
    """Locust and the LLM server run as soon as they can on the load's CPUs, whatever else is at work there. A
    busy loop of the lowest priority else keeps them waiting for some milliseconds at each turn."""
    links_realtime: bool = False
    """The LLM server and the links of regions do, and Locust's several processes do not."""
    realtime_refused: bool = False
    """Locust would have been `realtime`, and this system did not allow it."""

    def to_json(self) -> dict[str, Any]:
        return {
            "mode": self.mode,
            "load": list(self.load),
            "target": None if self.target is None else list(self.target),
            "realtime": self.realtime,
            **({"links_realtime": True} if self.links_realtime else {}),
            **({"realtime_refused": True} if self.realtime_refused else {}),
        }

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """Of what is missing, or not as it is written here, nothing is known."""
        known = raw if isinstance(raw, Mapping) else {}
        return cls(
            mode=str(known.get("mode", "")),
            load=_numbers(known.get("load")),
            target=None if known.get("target", ()) is None else _numbers(known.get("target")),
            realtime=known.get("realtime") is True,
            links_realtime=known.get("links_realtime") is True,
            realtime_refused=known.get("realtime_refused") is True,
        )


def _numbers(found: Any) -> tuple[int, ...]:
    """In rising order, each once."""
    good = isinstance(found, list) and {type(n) for n in found} == {int}
    return tuple(sorted(set(found))) if good else ()
