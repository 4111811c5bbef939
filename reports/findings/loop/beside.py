"""What takes a loop's time beside what binds: what no request should have to do, or what binds next."""

from __future__ import annotations

from collections.abc import Iterator

from reports.evidence.inside import InsideOfCells
from reports.evidence.ladder import users_at
from reports.evidence.libraries import AS_DONE
from reports.evidence.machine import DELAYED
from reports.evidence.service import Service
from reports.figures.stats import Estimate
from reports.findings.common.binding import about, binds, effect_of
from reports.findings.common.finding import Evidence, Finding
from reports.findings.common.held import FEWEST_SEEN, is_held
from reports.findings.common.late_loop import pieces_ms
from reports.findings.common.probes import probe_evidence
from reports.findings.common.stacks import stack_evidence
from reports.findings.loop.elsewhere import elsewhere
from reports.findings.loop.on_loop import BY_FAMILY, INTERPRETER, OnLoop, work_on_loop
from reports.findings.loop.why_held import LONG_MS, cores_taken, delay_of, samples_in, why_held

NEXT = 0.5
"""The share of the time for which the loop would be held if nothing else made requests wait, from which on it
binds next: twice the load fills it, and what comes to it waits for half a piece and more already (M/D/1)."""
WASTE, MUCH = 0.1, 0.3
"""The share of the loop's time that goes into what no request should have to do; and the share of what it
does from which on that is much, however often its thread is kept from running."""


def beside(service: Service, inside: InsideOfCells) -> Iterator[Finding]:
    """What takes the loop's time of each answer, and is not what most requests wait for: what nobody should
    have to do for a request, or what would bind next."""
    on_loop = _waste(inside) or work_on_loop(inside)
    took = cores_taken(service, inside, on_loop)
    ms = 1e3 * max(on_loop.waits * inside.loops, took) / service.heavy.per_second
    wasted = _is_wasted(on_loop) and samples_in(service, on_loop) >= FEWEST_SEEN
    why = BY_FAMILY[on_loop.kind] if wasted else why_held(service, on_loop, inside, pieces_ms(inside))
    if why is None or why is INTERPRETER or not (wasted or _binds_next(service, on_loop, inside, ms)):
        return
    most, much = Estimate(value=1e3 * max(1, inside.servers) / ms), on_loop.of_kind >= MUCH * inside.loop_busy
    users = users_at(service, most)
    yield Finding(
        code=why.code,
        about=about(service),
        where=on_loop.line,
        binds=binds(service) if wasted or inside.loop_busy >= NEXT else "next",
        confidence="likely",
        severity="high" if wasted and much and is_held(service) else "medium",
        effect=effect_of(service, None),
        evidence=(
            Evidence(figure="of the loop's time each answer takes", value=ms, unit="ms"),
            Evidence(figure="so that there are never more answers a second than", value=most.value),
            *(
                ()
                if users is None
                else (Evidence(figure="which come with so many users", value=users.value),)
            ),
            *probe_evidence(service),
            *stack_evidence(service),
        ),
        advice=elsewhere(why, service, on_loop),
    )


def _waste(inside: InsideOfCells) -> OnLoop | None:
    """Also where other work is more."""
    found = [one for kind in sorted(AS_DONE) if _is_wasted(one := work_on_loop(inside, kind))]
    return max(found, key=lambda one: one.of_kind, default=None)


def _is_wasted(on_loop: OnLoop) -> bool:
    return on_loop.kind in AS_DONE and on_loop.of_kind >= WASTE


def _binds_next(service: Service, on_loop: OnLoop, inside: InsideOfCells, ms: float) -> bool:
    """Would it hold the loop if requests waited nowhere else, as they do at the light load?"""
    if (delay := delay_of(service) or 0.0) >= DELAYED or min(ms, pieces_ms(inside)) < LONG_MS:
        return False  # who waits for it waits for a CPU; or it is held by nothing for long
    freed = max(0.05, 1 - service.held)
    return (inside.loop_busy - delay) / freed >= NEXT and samples_in(service, on_loop) >= FEWEST_SEEN
