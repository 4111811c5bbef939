"""Does something hold the connection open after an answer's last event?"""

from __future__ import annotations

from statistics import fmean, median

from records.cells.cell import Check
from records.cells.request import RequestRecord
from workloads.checks.definition import declared
from workloads.checks.facts import Facts

SHARE = 0.1
"""Of all that a request takes its user: so much lies between an answer's last event and its body's end."""
LEAST_MS = 1.0


def free_at_ns(r: RequestRecord) -> int:
    """When its user could ask again."""
    return max(r.ended_at_ns, r.body_ended_at_ns or 0)


def is_held_open(held_ms: float, whole_ms: float) -> bool:
    """Is the median time between the last event and the body's end much of what a request takes, the mean?"""
    return held_ms >= LEAST_MS and held_ms > SHARE * whole_ms


@declared("body-end", worth_telling=True, of_levels=True)
def body_end(facts: Facts) -> Check | None:
    """It never fails: what it costs is the users', who ask again later, and is in no latency."""
    good = facts.good
    if not good:
        return None
    held = median(free_at_ns(r) - r.ended_at_ns for r in good) / 1e6
    if not is_held_open(held, fmean(free_at_ns(r) - r.sent_at_ns for r in good) / 1e6):
        return None
    return Check(name="body-end", status="n/a", figure=round(held, 1), text=in_words(held))


def in_words(held_ms: float) -> str:
    return (
        f"the body ended {held_ms:.0f} ms after its last event: the service or a proxy holds the connection, "
        "and no latency has that"
    )
