"""A note on requests that were not spread over a service's processes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reports.analysis.analysis import Analysis
from reports.analysis.note import Note
from reports.analysis.subject import Subject

TIMES, FEWEST = 1.6, 4.0
"""So many times its even share one process has to have, of so many requests: that is not by chance."""

STAY = "connections stay with the process that took them"


@dataclass(frozen=True, kw_only=True)
class Uneven(Note):
    """One of a service's processes had most of the requests, in the cell in which that was worst."""

    code = "uneven-processes"
    at: Subject
    requests: float
    """At a time."""
    of: float
    processes: int

    @property
    def text(self) -> str:
        most, all_of_them = round(self.requests), round(self.of)
        return f"{most} of {all_of_them} requests were at one of {self.processes} processes"


def uneven(analysis: Analysis) -> Iterator[Note]:
    """At each service's heaviest load."""
    for service in analysis.services:
        inside = service.heavy.inside
        each = inside.uneven if inside else ()
        if len(each) > 1 and sum(each) >= FEWEST and each[0] * len(each) >= TIMES * sum(each):
            at = Subject.of(service.heavy.level)
            yield Uneven(at=at, requests=each[0], of=sum(each), processes=len(each))
