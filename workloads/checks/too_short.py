"""Was there time for anything beside the warm-up?"""

from __future__ import annotations

from statistics import fmean

from records.cells.cell import Check
from workloads.checks.advice import advised
from workloads.checks.definition import declared
from workloads.checks.facts import Facts
from workloads.checks.steady_advice import ANSWERS_LONG, more_time

TOO_SHORT = "too-short"


def only_warm_up(facts: Facts) -> bool:
    """Were all answers good, and none of them asked when the warm-up was over? Requests that were aborted at
    the end say nothing of the service: it was the load that left."""
    ended = [r for r in facts.requests if r.outcome not in ("aborted", "dropped")]
    good = bool(ended) and all(r.outcome == "ok" for r in ended)
    return good and not facts.counted and not facts.noise.generator_starved


@declared(TOO_SHORT, of_the_machine=True, of_steadiness=True)
def too_short(facts: Facts) -> Check | None:
    """Fails where the load ended before anything was measured, though the service answered well: no fault of
    the service's. Where anything counted, the question does not arise."""
    if not only_warm_up(facts):
        return None
    good = [r for r in facts.requests if r.outcome == "ok"]
    each = fmean(r.ended_at_ns - r.sent_at_ns for r in good) / 1e9
    warm = (max(r.ended_at_ns for r in good) - min(r.sent_at_ns for r in good)) / 1e9
    text = (
        f"the load ended with its warm-up: {len(good)} good answers, of {each:.1f} s each, and none after it"
    )
    check = Check(name=TOO_SHORT, status="fail", figure=0, bound=1, text=text)
    return advised(check, more_time(ANSWERS_LONG * each, warm))
