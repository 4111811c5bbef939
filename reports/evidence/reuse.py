"""How requests fared by the connection they came over: one that had lain idle, one just used, or a new one.

A user has one connection and keeps it while answers are whole. A request meets a closed one where it was sent
a second time (the load does so where the first ends at once, without a byte), or ended without a byte before
any answer could have come.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from records.cells.flags import RETRIED
from reports.columns.kinds import NO_INTEGER, Floats, Mask
from reports.columns.requests import Requests
from reports.figures.summary import CellSummary

IDLE_S = 1.0
"""Who keeps connections at all keeps them for a second: one is closed sooner for another reason."""


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
    every = cell.every.where(cell.every.counts)
    sent_ns, ended_ns, outcomes = every.sent_ns, every.ended_ns, every.manner
    first_ns = np.where(every.has("first_token_at_ns"), every.integers("first_token_at_ns"), ended_ns)
    waited_ns = (first_ns - sent_ns)[every.has("first_token_at_ns")]
    soonest_ns = int(waited_ns.min()) if len(waited_ns) else 0
    retried = outcomes.mask(lambda one: RETRIED in one.flags)
    truncated = outcomes.mask(lambda one: one.outcome == "truncated")
    refused = outcomes.mask(lambda one: one.outcome == "connect_error")  # what it had before was gone
    good = outcomes.mask(lambda one: one.outcome == "ok")
    broken = retried | (truncated & ~every.has("headers_at_ns") & (ended_ns - sent_ns < soonest_ns))
    idle_s = _idle_s(every, good)
    rested = (idle_s >= IDLE_S) & ~refused  # of a new one nan, which is no more than anything
    closed = rested & broken
    second = retried & (truncated | refused)  # over another, new connection
    return Reuse(
        rested=int(rested.sum()),
        rested_broken=int(closed.sum()),
        others=int((~rested).sum() + retried.sum()),
        others_broken=int((~rested & (broken | refused)).sum() + second.sum()),
        answered=int((closed & good).sum()),
        least_idle_s=float(idle_s[closed].min()) if closed.any() else 0.0,
    )


def _idle_s(requests: Requests, good: Mask) -> Floats:
    """How long the connection of each had been idle; NaN: it was new, as after a bad answer."""
    users, workers = requests.integers("user"), requests.manner.ranks(lambda one: one.worker)
    order = np.lexsort((requests.integers("seq"), users, workers))
    before, one = order[:-1], order[1:]
    freed_ns = requests.integers("body_ended_at_ns")[before]
    same = (users[before] == users[one]) & (workers[before] == workers[one])
    kept = same & good[before] & (freed_ns != NO_INTEGER)
    idle_s = np.full(len(requests), np.nan)
    idle_s[one[kept]] = (requests.sent_ns[one] - freed_ns)[kept] / 1e9
    return idle_s
