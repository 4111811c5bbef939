"""Something runs on the event loop and holds it: all other requests, and their streams, wait meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.evidence.inside import InsideOfCells
from reports.evidence.kinds import SLEEP
from reports.evidence.libraries import AS_DONE
from reports.evidence.service import Service
from reports.findings.common.binding import binding, effect_of
from reports.findings.common.crowded import crowded
from reports.findings.common.finding import Evidence, Finding
from reports.findings.common.held import (
    ALWAYS,
    BUSY,
    FEWEST_SEEN,
    MOST,
    for_the_loop,
    held,
    is_much_held,
    share,
    waiting,
)
from reports.findings.common.late_sleeps import may_be_late
from reports.findings.common.mending import Mend
from reports.findings.common.probes import probe_evidence
from reports.findings.common.stacks import stack_evidence
from reports.findings.loop.beside import beside
from reports.findings.loop.elsewhere import elsewhere, takes_as_much_elsewhere
from reports.findings.loop.now_and_then import now_and_then
from reports.findings.loop.on_loop import (
    BLOCKED,
    BY_FAMILY,
    INTERPRETER,
    UNSEEN_MS,
    OnLoop,
    long_piece,
    share_unseen,
    work_on_loop,
)
from reports.findings.loop.why_held import (
    LONG_MS,
    OF_ITS_OWN,
    ONE_KIND,
    cores_taken,
    delay_of,
    samples_in,
    seen_at_work,
    why_held,
)

SOME = 0.2
"""Where it is nearly always busy with one thing, so much of the excess is enough: answers that have come from
elsewhere are met as late, and look as if they had not come."""
LOOKS = 10
"""So often somebody has to have looked for what the loop does to be told by it."""


def event_loop(analysis: Analysis) -> Iterator[Finding]:
    for service in held(analysis):
        inside = service.heavy.inside
        # The line at which the loop is when Python collects garbage is not what holds it.
        if inside is None or inside.samples < LOOKS:
            continue
        # Nor is that at which its thread waits for others to let it run Python.
        if inside.gc_share < ONE_KIND * service.heavy.loop_held and crowded(service) is None:
            yield from (
                list(_binding(service, inside)) or now_and_then(service, inside) or beside(service, inside)
            )


def _binding(service: Service, inside: InsideOfCells) -> Iterator[Finding]:
    load = service.heavy
    if load.loop_held < BUSY:
        return
    found = waiting(service, for_the_loop)
    asleep = waiting(service, lambda place: place.kind == SLEEP)
    if not seen_at_work(service, inside) and not may_be_late(service, asleep):
        # A loop that only looks again and again is full, too, and ends no sleep late.
        found = waiting(service, lambda place: for_the_loop(place) and place.kind != SLEEP)
    on_loop, delay = work_on_loop(inside), delay_of(service)
    why = why_held(service, on_loop, inside, inside.lag_ms)
    long = _long(service, inside) if why is INTERPRETER else None
    if long is not None:
        why, on_loop = BY_FAMILY.get(long.kind, BLOCKED), long
    if load.loop_works < OF_ITS_OWN:
        return  # its thread waits for a CPU: whatever line it is at is not what takes the time
    if why is INTERPRETER and not is_much_held(service):
        return  # no line is to blame: so any app comes to what one process can do
    if why is None or share(found) < (MOST if why is INTERPRETER or load.loop_held < ALWAYS else SOME):
        return
    yield binding(
        service,
        why.code,
        found,
        place="" if why is INTERPRETER else on_loop.line,
        advice=elsewhere(why, service, on_loop),
        sure="likely" if delay is None or long else None,
        effect=effect_of(
            service,
            None
            if delay is None
            or on_loop.kind in ("embedding", "search")
            or takes_as_much_elsewhere(why, service, on_loop)
            else Mend(
                found=found,
                spared=cores_taken(service, inside, on_loop) if on_loop.kind in AS_DONE else 0.0,
                loop=True,
            ),
        ),
        evidence=(
            Evidence(figure="the loop's thread is held", value=100 * load.loop_held, unit="%"),
            *_of_function(service, inside, on_loop, named=why is INTERPRETER),
            *(() if long is None else (_counted_too(service, inside),)),
            Evidence(figure="the loop comes late by", value=inside.lag_ms, unit="ms"),
            *probe_evidence(service),
            *stack_evidence(service),
        ),
    )


def _of_function(
    service: Service, inside: InsideOfCells, on_loop: OnLoop, *, named: bool
) -> tuple[Evidence, ...]:
    """``named``: the finding itself is at no line, as no one is most of it."""
    if not seen_at_work(service, inside) or not on_loop.line:
        return ()
    percent = 100 * on_loop.of_function / inside.loop_busy
    which = f"the function at {on_loop.line}" if named else "this function"
    return (Evidence(figure=f"of that in {which}", value=percent, unit="%"),)


def _long(service: Service, inside: InsideOfCells) -> OnLoop | None:
    """Of a loop that many things fill, the function that holds it all the same, counted with what is not seen
    of it."""
    found = long_piece(inside, service.heavy.per_second) if seen_at_work(service, inside) else None
    if found is None or found.of_function < ONE_KIND * inside.loop_busy or inside.lag_ms < LONG_MS:
        return None
    return found if samples_in(service, found) >= FEWEST_SEEN else None


def _counted_too(service: Service, inside: InsideOfCells) -> Evidence:
    value = 100 * share_unseen(inside, service.heavy.per_second) / inside.loop_busy
    return Evidence(
        figure=f"of which nobody sees {UNSEEN_MS:g} ms an answer",
        value=value,
        unit="%",
    )
