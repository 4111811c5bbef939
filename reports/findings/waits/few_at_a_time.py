"""Requests wait their turn, but for no lock: for a result that few workers make for all, or by sleeping."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.evidence.behind import workers
from reports.evidence.kinds import SLEEP, TURN
from reports.findings.common.binding import binding
from reports.findings.common.finding import Evidence, Finding
from reports.findings.common.held import BUSY, MOST, held, share, waiting
from reports.findings.common.late_sleeps import may_be_late
from reports.findings.machine.compute import filled
from reports.findings.waits.thread_pool import fed_by_threads


def few_at_a_time(analysis: Analysis) -> Iterator[Finding]:
    for service in held(analysis):
        inside = service.heavy.inside
        if inside is None:
            continue
        turn = waiting(service, lambda place: place.kind == TURN)
        asleep = waiting(service, lambda place: place.kind == SLEEP)
        if fed_by_threads(service):
            continue  # those few are the threads of a full pool
        # What fills the processor is made no faster by more who make it.
        if share(turn) >= MOST and filled(service.heavy) is None:
            yield binding(
                service,
                "stage-serialised",
                turn,
                sure="likely",
                evidence=(
                    Evidence(
                        figure="the app's own tasks and threads at work",
                        value=workers(inside, service.heavy.takers),
                    ),
                ),
                advice="Run more of the workers that make what they wait for, which are fewer than the"
                " requests, or have each take several at once",
            )
        # A loop that is held ends each sleep late, and so does one that waits for the interpreter.
        elif share(asleep) >= MOST and service.heavy.loop_held < BUSY and not may_be_late(service, asleep):
            yield binding(
                service,
                "stage-serialised",
                asleep,
                sure="likely",
                advice="They sleep for longer there the more there are, as at a rate limit, or to look again"
                " for what is not there yet: raise the limit, or see what they look for",
            )
