"""When a service was gone while a cell was measured, as probes saw it, and what was before and after.

Nobody has to have seen who ended it: a process that no longer listens is gone (connections are refused), and
one of another number that comes then is its successor.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from records.cells import layout
from records.errors import RecordError
from records.evidence.probe import ACCEPT, WITHOUT_TIME, Probe
from records.evidence.probes import read
from records.evidence.samples import samples_in
from reports.figures.summary import CellSummary

BEFORE_NS = 5_000_000_000
"""As long as a probe waits for an answer: who was late in this time before the end was late at the end."""
AFTER_NS = 500_000_000
"""A probe that waits when its service ends learns of it at once, but for the machine's delays."""


@dataclass(frozen=True, kw_only=True)
class Outage:
    at_ns: int
    """When the first probe was broken off or refused."""
    waited_ms: float
    """The longest that a cheap path was waited for just before; 0: it was not."""
    refused: int
    back_after_s: float | None
    """Until a cheap path answered again; None: not in this cell."""
    replaced: bool
    """A process was seen afterwards that had not been there."""


def outages(cell: CellSummary) -> tuple[Outage, ...]:
    """Those in which connections were refused; none where nothing was probed."""
    found: list[Outage] = []
    for part in cell.parts:
        with suppress(RecordError, OSError):
            probes = sorted(read(part.data.path / layout.PROBES), key=lambda one: one.ended_at_ns)
            seen = list(_processes(cell)) if probes else []
            found += (_outage(gone, probes, seen) for gone in _gone([one for one in probes if not one.idle]))
    return tuple(found)


def slowest_ms(cells: Iterable[CellSummary]) -> float | None:
    """What a cheap path was waited for at most while cells were measured; None: nothing was probed."""
    found = []
    for cell in cells:
        for part in cell.parts:
            with suppress(RecordError, OSError):
                probes = read(part.data.path / layout.PROBES)
                found += [_waited_ms(one) for one in probes if one.kind != ACCEPT and not one.idle]
    return max(found, default=None)


def _gone(probes: Iterable[Probe]) -> Iterator[list[Probe]]:
    """Probes of each time without the service: from the first that was broken off to the last refused."""
    own: list[Probe] = []
    for one in probes:
        if one.outcome in WITHOUT_TIME:
            own.append(one)
        elif own and one.kind != ACCEPT and one.outcome == "ok":
            yield own
            own = []
    if own:
        yield own


def _outage(gone: list[Probe], probes: list[Probe], seen: list[int]) -> Outage:
    at_ns = gone[0].ended_at_ns
    paths = [one for one in probes if one.kind != ACCEPT and not one.idle]
    late = [one for one in paths if at_ns - BEFORE_NS <= one.ended_at_ns <= at_ns + AFTER_NS]
    back = (one.ended_at_ns for one in paths if one.outcome == "ok" and one.ended_at_ns > at_ns)
    back_ns = min((one for one in back if one > gone[-1].ended_at_ns), default=None)
    return Outage(
        at_ns=at_ns,
        waited_ms=max((_waited_ms(one) for one in late), default=0.0),
        refused=sum(one.outcome == "refused" for one in gone),
        back_after_s=None if back_ns is None else (back_ns - at_ns) / 1e9,
        replaced=any(first_ns < at_ns for first_ns in seen) and any(first_ns >= at_ns for first_ns in seen),
    )


def _waited_ms(one: Probe) -> float:
    return (one.ended_at_ns - one.due_at_ns) / 1e6


def _processes(cell: CellSummary) -> Iterator[int]:
    """When each process of the service was first seen. One whose processor time begins anew has the number of
    another, as the first of a container always has."""
    spent: dict[int, float] = {}
    for at_ns, pid, cpu_s in sorted(_sightings(cell)):
        if pid not in spent or cpu_s < spent[pid]:
            yield at_ns
        spent[pid] = cpu_s


def _sightings(cell: CellSummary) -> Iterator[tuple[int, int, float]]:
    """When, which number, and how much processor time it had used."""
    for part in cell.parts:
        with suppress(RecordError, OSError):
            for raw in samples_in(part.data.path):
                processes = raw.get("processes")
                details = processes.get("process_details") if isinstance(processes, dict) else None
                for one in details if isinstance(details, list) else ():
                    found = _sighting(raw.get("at_ns"), one)
                    if found is not None:
                        yield found


def _sighting(at_ns: object, process: object) -> tuple[int, int, float] | None:
    if not isinstance(process, dict) or not isinstance(at_ns, int):
        return None
    pid, cpu_s = process.get("pid"), process.get("cpu_seconds")
    if not isinstance(pid, int) or not isinstance(cpu_s, (int, float)):
        return None
    return at_ns, pid, float(cpu_s)
