"""The service refuses requests: it is asked for more than it lets in.

One that refuses as many at every load does so for another reason: only what grows with the load is shed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reports.analysis.analysis import Analysis
from reports.analysis.subject import Subject
from reports.columns.requests import Manner, Requests
from reports.figures.rising import lighter
from reports.figures.summary import CellSummary
from reports.findings.common.finding import Confidence, Effect, Evidence, Finding
from reports.findings.common.heaviest import cells_but, heaviest

MANY = 0.02
BUT = ("failures",)
NORMAL = 1.96
_REFUSED = re.compile(r"HTTP (?:429|503)\b")


@dataclass(frozen=True, kw_only=True)
class Refused:
    requests: int
    of: int

    @property
    def share(self) -> float:
        return self.requests / self.of if self.of else 0.0


def load_shed(analysis: Analysis) -> Iterator[Finding]:
    for level, cells in heaviest(analysis, but=BUT):
        many = refused(cells)
        if not many.of or many.share < MANY:
            continue
        few = next(
            (found for one in lighter(analysis.levels, level) if (found := refused(cells_but(one, BUT))).of),
            None,
        )
        if (sure := _sure(few, many)) is None:
            continue
        yield Finding(
            code="load-shed",
            about=Subject.of(level),
            compares_loads=few is not None,
            binds="throughput",
            confidence=sure,
            severity="high",
            effect=Effect(figure="requests refused", unit="%", now=100 * many.share),
            evidence=(
                Evidence(figure="requests refused", value=many.requests),
                Evidence(figure="requests", value=many.of),
                *([_at_lightest(few)] if few else []),
            ),
            advice="Raise the limit if the service has room, else run more replicas; have clients wait as"
            " Retry-After says",
        )


def _at_lightest(few: Refused) -> Evidence:
    return Evidence(figure="refused at the lightest load", value=100 * few.share, unit="%")


def _sure(few: Refused | None, many: Refused) -> Confidence | None:
    """How sure it is that the share grows with the load; None: it does not, as far as can be seen."""
    if few is None:
        return "likely"
    grown = many.share - few.share
    if grown < MANY:
        return None
    both = (few.requests + many.requests) / (few.of + many.of)
    if grown > NORMAL * math.sqrt(both * (1 - both) * (1 / few.of + 1 / many.of)):
        return "shown"
    return None if few.requests else "possible"


def refused(cells: Sequence[CellSummary]) -> Refused:
    asked = Requests.joined([cell.counted for cell in cells])
    return Refused(requests=int(asked.mask(is_refused).sum()), of=len(asked))


def is_refused(one: Manner) -> bool:
    """By the status alone: what a service says beside it may hold any number."""
    return one.outcome == "http_error" and _REFUSED.match(one.error or "") is not None
