"""What a request goes through where it is alone: which places come before its first token, and which are not
the LLM's.

A look inside tells where a request is, and not how far its answer has come. Where it is the only one that is
open, the client's own times say that, and the LLM server's record says whether it was asked just then.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from records.cells import layout
from records.cells.request import RequestRecord
from records.evidence.inside import REQUEST, Place, read_inside
from reports.evidence.llm_record import llm_lines
from reports.evidence.loaded import LoadedPoint
from reports.figures.summary import CellSummary

FEWEST = 5
"""Samples at a place: fewer tell nothing."""
MOSTLY = 0.8
"""The share of them from which on it is so; the others are its first and last moments."""


@dataclass(frozen=True, kw_only=True)
class Met:
    """A place of an answer's, as shares of the samples that met a request there alone."""

    before: float
    """Before its first token had come."""
    without_llm: float
    """While the LLM server had nothing to do; 0 where its record has nothing: another may have been asked."""

    @property
    def delays_first_token(self) -> bool:
        return self.before >= MOSTLY

    @property
    def is_not_the_llm(self) -> bool:
        return self.without_llm >= MOSTLY


def met_alone(point: LoadedPoint) -> dict[Place, Met]:
    """By place; those of too few samples are left out."""
    found: dict[Place, list[tuple[bool, bool]]] = defaultdict(list)
    for cell in point.level.valid_cells:
        for place, *what in _samples(cell):
            found[place].append((what[0], what[1]))
    return {
        place: Met(before=_share(own, 0), without_llm=_share(own, 1))
        for place, own in found.items()
        if len(own) >= FEWEST
    }


def _share(samples: Sequence[tuple[bool, bool]], which: int) -> float:
    return sum(one[which] for one in samples) / len(samples)


def _samples(cell: CellSummary) -> Iterator[tuple[Place, bool, bool]]:
    """Each that met one request alone: where, whether before its first token, and without the LLM."""
    window = cell.window
    if window is None:
        return
    requests = sorted((r for part in cell.parts for r in part.data.requests), key=lambda r: r.sent_at_ns)
    clients = _Open([(r.sent_at_ns, r.ended_at_ns) for r in requests])
    asked = _Open([span for line in llm_lines(cell) if (span := _span(line)) is not None])
    for part in cell.parts:
        with suppress(OSError):
            for sample in read_inside(part.data.path / layout.INSIDE):
                places = [place for (whose, place), n in sample.groups.items() if whose == REQUEST and n == 1]
                at = sample.at_ns
                alone = sample.counts[REQUEST] == len(places) == 1 == clients.at(at)
                if alone and window.start_ns <= at <= window.end_ns:
                    own = requests[clients.begun(at) - 1]
                    if own.ended_at_ns > at:
                        yield places[0], _before(own, at), bool(asked) and not asked.at(at)


def _before(request: RequestRecord, at_ns: int) -> bool:
    first = request.first_token_at_ns
    return first is None or at_ns < first


def _span(line: dict[str, object]) -> tuple[int, int] | None:
    """Of the record's lines, which another program may have written."""
    began, ended = line.get("received_at_ns"), line.get("ended_at_ns")
    return (began, ended) if isinstance(began, int) and isinstance(ended, int) else None


class _Open:
    """How many of these spans of time are open at a moment."""

    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        self._began = sorted(began for began, _ in spans)
        self._ended = sorted(ended for _, ended in spans)

    def __bool__(self) -> bool:
        return bool(self._began)

    def begun(self, at_ns: int) -> int:
        return bisect_right(self._began, at_ns)

    def at(self, at_ns: int) -> int:
        return self.begun(at_ns) - bisect_right(self._ended, at_ns)
