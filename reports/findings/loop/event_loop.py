"""Something runs on the event loop and holds it: all other requests, and their streams, wait meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.evidence.inside import InsideOfCells
from reports.evidence.ladder import users_at
from reports.evidence.libraries import AS_DONE, OWN, function_of
from reports.evidence.machine import DELAYED
from reports.evidence.service import Service
from reports.figures.stats import Estimate
from reports.findings.common.binding import about, binding, binds, effect_of
from reports.findings.common.crowded import crowded
from reports.findings.common.finding import Evidence, Finding
from reports.findings.common.held import (
    BUSY,
    FEWEST_SEEN,
    MOST,
    for_the_loop,
    held,
    is_held,
    is_much_held,
    share,
    waiting,
)
from reports.findings.common.late_sleeps import may_be_late
from reports.findings.common.mending import Mend
from reports.findings.common.probes import probe_evidence
from reports.findings.common.stacks import stack_evidence
from reports.findings.loop.elsewhere import elsewhere
from reports.findings.loop.on_loop import (
    BLOCKED,
    BY_FAMILY,
    INTERPRETER,
    LLM_CLIENT,
    MOVED,
    UNSEEN_MS,
    Cause,
    OnLoop,
    long_piece,
    unseen,
    work_on_loop,
)

ALWAYS, SOME = 0.85, 0.2
"""Where it is nearly always busy with one thing, so much of the excess is enough: answers that have come from
elsewhere are met as late, and look as if they had not come."""
ONE_KIND = 0.5
"""The share of that which has to be of one kind of work."""
LONG_MS = 5.0
"""How long the loop takes, on the mean, to come to what is asked of it, where one thing holds it; many small
ones only fill it. And how much of the loop's time each answer takes at once for what would bind next."""
NEXT = 0.5
"""The share of the time for which the loop would be held if nothing else made requests wait, from which on it
binds next: twice the load fills it, and what comes to it waits for half a piece and more already (M/D/1)."""
WASTE, MUCH = 0.1, 0.3
"""The share of the loop's time that goes into what no request should have to do; and the share of what it
does from which on that is much, however often its thread is kept from running."""
LOOKS = 10
"""So often somebody has to have looked for what the loop does to be told by it."""
OF_ITS_OWN, FULL_OF_WORK = 0.6, 0.8
"""The share of the time for which the loop's thread has to be held without its waits for a CPU, which else
are what holds it; and for it to be full of its own work, what it computes has to be of the time in which no
other program kept it from running."""


def event_loop(analysis: Analysis) -> Iterator[Finding]:
    for service in held(analysis):
        inside = service.heavy.inside
        # The line at which the loop is when Python collects garbage is not what holds it.
        if inside is None or inside.samples < LOOKS:
            continue
        # Nor is that at which its thread waits for others to let it run Python.
        if inside.gc_share < ONE_KIND * service.heavy.loop_held and crowded(service) is None:
            found = list(_binding(service, inside)) or list(_beside(service, inside))
            yield from found


def _binding(service: Service, inside: InsideOfCells) -> Iterator[Finding]:
    load = service.heavy
    if load.loop_held < BUSY:
        return
    found = waiting(service, for_the_loop)
    asleep = waiting(service, lambda place: place.kind == "sleep")
    if not _is_seen(service, inside) and not may_be_late(service, asleep):
        # A loop that only looks again and again is full, too, and ends no sleep late.
        found = waiting(service, lambda place: for_the_loop(place) and place.kind != "sleep")
    on_loop, delay = work_on_loop(inside), _delay(service)
    why = _why(service, on_loop, inside, inside.lag_ms)
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
        advice=elsewhere(why.advice, service, on_loop.kind) if why in MOVED else why.advice,
        sure="likely" if delay is None or long else None,
        effect=effect_of(
            service,
            None
            if delay is None or on_loop.kind in ("embedding", "search")
            else Mend(
                found=found,
                spared=_took(service, inside, on_loop) if on_loop.kind in AS_DONE else 0.0,
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
    if not _is_seen(service, inside) or not on_loop.line:
        return ()
    percent = 100 * on_loop.of_function / inside.loop_busy
    which = f"the function at {on_loop.line}" if named else "this function"
    return (Evidence(figure=f"of that in {which}", value=percent, unit="%"),)


def _long(service: Service, inside: InsideOfCells) -> OnLoop | None:
    """Of a loop that many things fill, the function that holds it all the same, counted with what is not seen
    of it."""
    found = long_piece(inside, service.heavy.per_second) if _is_seen(service, inside) else None
    if found is None or found.of_function < ONE_KIND * inside.loop_busy or inside.lag_ms < LONG_MS:
        return None
    return found if _seen(service, found) >= FEWEST_SEEN else None


def _counted_too(service: Service, inside: InsideOfCells) -> Evidence:
    value = 100 * unseen(inside, service.heavy.per_second) / inside.loop_busy
    return Evidence(
        figure=f"of which nobody sees {UNSEEN_MS:g} ms an answer",
        value=value,
        unit="%",
    )


def _beside(service: Service, inside: InsideOfCells) -> Iterator[Finding]:
    """What takes the loop's time of each answer, and is not what most requests wait for: what nobody should
    have to do for a request, or what would bind next."""
    on_loop = _waste(inside) or work_on_loop(inside)
    took = _took(service, inside, on_loop)
    ms = 1e3 * max(on_loop.waits * inside.loops, took) / service.heavy.per_second
    wasted = _is_wasted(on_loop) and _seen(service, on_loop) >= FEWEST_SEEN
    why = BY_FAMILY[on_loop.kind] if wasted else _why(service, on_loop, inside, pieces_ms(inside))
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
        advice=elsewhere(why.advice, service, on_loop.kind) if why in MOVED else why.advice,
    )


def _took(service: Service, inside: InsideOfCells, on_loop: OnLoop) -> float:
    """How many cores that kind of work takes: while a thread waits for a CPU it is at its line, too."""
    machine = service.heavy.machine
    part = machine.undelayed(inside.loop_busy) if machine else 1.0
    return on_loop.of_kind * part * inside.loops


def _waste(inside: InsideOfCells) -> OnLoop | None:
    """Also where other work is more."""
    found = [one for kind in sorted(AS_DONE) if _is_wasted(one := work_on_loop(inside, kind))]
    return max(found, key=lambda one: one.of_kind, default=None)


def _is_wasted(on_loop: OnLoop) -> bool:
    return on_loop.kind in AS_DONE and on_loop.of_kind >= WASTE


def _binds_next(service: Service, on_loop: OnLoop, inside: InsideOfCells, ms: float) -> bool:
    """Would it hold the loop if requests waited nowhere else, as they do at the light load?"""
    if (delay := _delay(service) or 0.0) >= DELAYED or min(ms, pieces_ms(inside)) < LONG_MS:
        return False  # who waits for it waits for a CPU; or it is held by nothing for long
    freed = max(0.05, 1 - service.held)
    return (inside.loop_busy - delay) / freed >= NEXT and _seen(service, on_loop) >= FEWEST_SEEN


def _seen(service: Service, on_loop: OnLoop) -> float:
    """In how many samples it was in that function, at all loads: each answer takes that of it at any."""
    looks = (point.inside for point in service.points if point.inside is not None)
    return sum(
        inside.samples * busy
        for inside in looks
        for work, busy in inside.running
        if on_loop.line and function_of(work) == on_loop.line.rpartition(":")[0]
    )


def pieces_ms(inside: InsideOfCells) -> float:
    """How long the loop is held at a time: who comes then meets half of that, on the mean, and often more."""
    return 2 * inside.lag_ms / inside.loop_busy if inside.loop_busy else 0.0


def _why(service: Service, on_loop: OnLoop, inside: InsideOfCells, held_ms: float) -> Cause | None:
    """None: the loop's thread is only kept from running. ``held_ms``: for how long what comes to it waits, or
    would."""
    busy = inside.loop_busy
    if not _is_seen(service, inside):
        return _full(service)
    if on_loop.of_kind < ONE_KIND * busy and on_loop.kind not in AS_DONE:
        return _full(service)
    if on_loop.kind in BY_FAMILY:
        return BY_FAMILY[on_loop.kind]
    if on_loop.kind == "llm-client":  # an asynchronous one has work to do there, too
        return LLM_CLIENT if on_loop.waits >= ONE_KIND * on_loop.of_kind else _full(service)
    of = on_loop.of_function if on_loop.kind == OWN else on_loop.of_kind
    return BLOCKED if held_ms >= LONG_MS and of >= ONE_KIND * busy else _full(service)


def _is_seen(service: Service, inside: InsideOfCells) -> bool:
    """Was it seen at work for most of the time for which its thread is held? What small pieces fill it with,
    nobody saw."""
    return inside.loop_busy >= ONE_KIND * service.heavy.loop_held


def _full(service: Service) -> Cause | None:
    """Only where somebody saw that it computes."""
    machine, delay = service.heavy.machine, _delay(service) or 0.0
    cpu = (machine.main_thread_cpu if machine is not None else None) or 0.0
    return INTERPRETER if cpu >= max(OF_ITS_OWN, FULL_OF_WORK * (1 - delay)) else None


def _delay(service: Service) -> float | None:
    """The share of the time in which the loop's thread could run and had no CPU; None: nobody saw it."""
    return None if service.heavy.machine is None else service.heavy.machine.main_thread_delay
