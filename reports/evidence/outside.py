"""What probes from outside met at a service while its cells were measured, and before."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from statistics import fmean

from records.cells import layout
from records.evidence.probe import ACCEPT
from records.evidence.probes import Summary, idle, read, summarise
from reports.figures.summary import CellSummary


@dataclass(frozen=True, kw_only=True)
class Probed:
    """Milliseconds at the median under load and before it; means over the cells. None: no such probes."""

    accept_ms: float | None
    accept_idle_ms: float | None
    path_ms: float | None
    """Of the cheap path that became slowest."""
    path_idle_ms: float | None


def probed(cells: Iterable[CellSummary]) -> Probed | None:
    """None where nothing was probed, or no file of it can be read."""
    loaded: list[dict[str, Summary]] = []
    before: list[dict[str, Summary]] = []
    for cell in cells:
        if (window := cell.window) is None:
            continue
        for part in cell.parts:
            with suppress(OSError):
                probes = read(part.data.path / layout.PROBES)
                if under := summarise(probes, window.start_ns, window.end_ns):
                    loaded.append(under)
                    before.append(summarise(idle(probes)))
    if not loaded:
        return None
    return Probed(
        accept_ms=_of(loaded, _accept),
        accept_idle_ms=_of(before, _accept),
        path_ms=_of(loaded, _path),
        path_idle_ms=_of(before, _path),
    )


def _of(
    cells: Iterable[dict[str, Summary]], figure: Callable[[dict[str, Summary]], float | None]
) -> float | None:
    found = [value for cell in cells if (value := figure(cell)) is not None]
    return fmean(found) if found else None


def _accept(kinds: dict[str, Summary]) -> float | None:
    return kinds[ACCEPT].p50_ms if ACCEPT in kinds else None


def _path(kinds: dict[str, Summary]) -> float | None:
    found = [one.p50_ms for kind, one in kinds.items() if kind != ACCEPT and one.p50_ms is not None]
    return max(found, default=None)
