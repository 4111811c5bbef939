"""What holds the loop now and then, for so long that all else is met late, though it is free in between."""

from __future__ import annotations

from reports.evidence.gates import slower_ms
from reports.evidence.inside import InsideOfCells
from reports.evidence.kinds import READS
from reports.evidence.machine import DELAYED
from reports.evidence.service import Service
from reports.findings.common.binding import binding, effect_of
from reports.findings.common.finding import Evidence, Finding
from reports.findings.common.held import FEWEST_SEEN, MOST, for_the_loop, share, waiting
from reports.findings.common.late_loop import HALF, is_met_late, pieces_ms, was_as_late
from reports.findings.common.probes import probe_evidence
from reports.findings.common.stacks import stack_evidence
from reports.findings.loop.elsewhere import elsewhere
from reports.findings.loop.on_loop import INTERPRETER, work_on_loop
from reports.findings.loop.why_held import delay_of, samples_in, why_held

OFTEN = 3
"""How many pieces have to be seen: one or two are chance."""


def now_and_then(service: Service, inside: InsideOfCells) -> tuple[Finding, ...]:
    """*Likely*, and *possible* where the loop is as late without the load; no gain is predicted, for how
    often it comes upon an answer was not seen. Not where the LLM became slower by its own record, nor where
    the loop's thread waits for a CPU, at whatever line that is."""
    slower = slower_ms(service.light, service.heavy)
    if slower is not None and slower >= HALF * service.added_ms:
        return ()
    if (delay_of(service) or 0.0) >= DELAYED or not is_met_late(service):
        return ()
    on_loop = work_on_loop(inside)
    why = why_held(service, on_loop, inside, pieces_ms(inside))
    found = waiting(service, lambda place: for_the_loop(place) or place.kind in READS)
    if why is None or why is INTERPRETER or not on_loop.line or share(found) < MOST:
        return ()
    seconds = sum(sample.seconds for sample in service.heavy.level.samples)
    pieces = on_loop.of_function * seconds * 1e3 / pieces_ms(inside)
    if samples_in(service, on_loop) < FEWEST_SEEN or pieces < OFTEN:
        return ()
    return (
        binding(
            service,
            why.code,
            found,
            place=on_loop.line,
            sure="possible" if was_as_late(service) else "likely",
            effect=effect_of(service, None),
            advice=elsewhere(why, service, on_loop),
            evidence=(
                Evidence(
                    figure="the loop's thread is in this function", value=100 * on_loop.of_function, unit="%"
                ),
                Evidence(figure="the loop comes late by", value=inside.lag_ms, unit="ms"),
                *probe_evidence(service),
                *stack_evidence(service),
            ),
        ),
    )
