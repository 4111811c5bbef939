"""How requests fared by the connection they came over: one that had lain idle, one just used, or a new one.

A user has one connection and keeps it while answers are whole. A request meets a closed one where it was sent
a second time (the load does so where the first ends at once, without a byte), or ended without a byte before
any answer could have come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby, pairwise

from records.cells.request import RequestRecord
from reports.figures.summary import CellSummary

IDLE_S = 1.0
"""Who keeps connections at all keeps them for a second: one is closed sooner for another reason."""
RETRIED = "retried"


@dataclass(frozen=True, kw_only=True)
class Reuse:
    """``rested``: over connections that lay idle for `IDLE_S` or more; ``others``: used sooner, or new."""

    rested: int
    rested_broken: int
    others: int
    others_broken: int
    answered: int
    """Of those broken, how many were answered over the new connection."""
    least_idle_s: float
    """Of the connections that were found closed; 0 of none."""

    @property
    def share(self) -> float:
        return self.rested_broken / self.rested if self.rested else 0.0

    @property
    def others_share(self) -> float:
        return self.others_broken / self.others if self.others else 0.0


def reuse(cells: Iterable[CellSummary]) -> Reuse:
    each = [_of_cell(cell) for cell in cells]
    closed = [one for one in each if one.rested_broken]
    return Reuse(
        rested=sum(one.rested for one in each),
        rested_broken=sum(one.rested_broken for one in each),
        others=sum(one.others for one in each),
        others_broken=sum(one.others_broken for one in each),
        answered=sum(one.answered for one in each),
        least_idle_s=min((one.least_idle_s for one in closed), default=0.0),
    )


@cache  # several findings ask
def _of_cell(cell: CellSummary) -> Reuse:
    rested: list[tuple[float, RequestRecord, bool]] = []
    others: list[bool] = []
    every = [one for part in cell.parts for one in part.data.requests if one.counts]
    soonest_ns = min((_first_ns(one) for one in every if one.first_token_at_ns), default=0)
    for one, idle_s in _by_connection(every):
        broken = _broken(one, soonest_ns)
        fresh = one.outcome == "connect_error"  # whatever it had before was known to be gone
        if idle_s is not None and idle_s >= IDLE_S and not fresh:
            rested.append((idle_s, one, broken))
        else:
            others.append(broken or fresh)
        if RETRIED in one.flags:
            others.append(one.outcome in ("truncated", "connect_error"))  # its second, new connection
    closed = [(idle_s, one) for idle_s, one, broken in rested if broken]
    return Reuse(
        rested=len(rested),
        rested_broken=len(closed),
        others=len(others),
        others_broken=sum(others),
        answered=sum(one.outcome == "ok" for _, one in closed),
        least_idle_s=min((idle_s for idle_s, _ in closed), default=0.0),
    )


def _by_connection(requests: Iterable[RequestRecord]) -> Iterator[tuple[RequestRecord, float | None]]:
    """Each request with how long its connection had been idle; None: it was new, as after a bad answer."""
    ordered = sorted(requests, key=lambda one: (one.worker, one.user, one.seq))
    for _, own in groupby(ordered, key=lambda one: (one.worker, one.user)):
        asked = list(own)
        yield asked[0], None
        for before, one in pairwise(asked):
            ended_ns = before.body_ended_at_ns
            kept = before.outcome == "ok" and ended_ns is not None
            yield one, (one.sent_at_ns - ended_ns) / 1e9 if kept and ended_ns is not None else None


def _first_ns(one: RequestRecord) -> int:
    return (one.first_token_at_ns or one.ended_at_ns) - one.sent_at_ns


def _broken(one: RequestRecord, soonest_ns: int) -> bool:
    at_once = one.ended_at_ns - one.sent_at_ns < soonest_ns
    return RETRIED in one.flags or (one.outcome == "truncated" and one.headers_at_ns is None and at_once)
