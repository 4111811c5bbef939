"""Requests wait for a lock or a semaphore of the app's own, or for a stage: only so many may go on."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.evidence.excess import Excess
from reports.evidence.gates import let_in
from reports.evidence.kinds import LOCKS, SHARED_QUEUE, STAGE_QUEUE
from reports.evidence.service import Service
from reports.findings.common.binding import SHOWN, binding
from reports.findings.common.finding import Evidence, Finding
from reports.findings.common.held import ALWAYS, counts, held, share, waiting


def stage_serialised(analysis: Analysis) -> Iterator[Finding]:
    for service in held(analysis):
        found = waiting(service, lambda place: place.kind in LOCKS)
        by_stage = waiting(service, lambda place: place.kind == STAGE_QUEUE)
        if counts(service, found) and (queue := found[0].place).kind == SHARED_QUEUE:
            # All that it has to hand out is in use while somebody waits, by others than those who do.
            yield binding(
                service,
                "stage-serialised",
                found,
                sure="likely",
                evidence=(
                    Evidence(
                        figure="requests at a time that do not wait there, as many as it hands out at most",
                        value=let_in(service.heavy, queue),
                    ),
                ),
                advice="They wait until an asyncio.Queue has something for one of them. Where they give back"
                " what they took, as a client of a pool, put more of these into it, or hold one for less;"
                " where somebody else fills it, let that be quicker",
            )
        elif counts(service, found):
            yield binding(
                service,
                "stage-serialised",
                found,
                sure="possible" if _may_be_the_loop(service, found) else None,
                advice="Hold it for less, not across what is awaited, or let more in at once",
            )
        elif counts(service, by_stage):
            yield binding(
                service,
                "stage-serialised",
                by_stage,
                place=f"stage {by_stage[0].place.at}",
                sure="likely",
                advice="See what this stage queues for: a lock, a semaphore or a pool that lets in too few",
            )


def _may_be_the_loop(service: Service, found: tuple[Excess, ...]) -> bool:
    """Is the loop nearly always held, and do many wait elsewhere? Who is let in there, and who lets the next
    one in, has to be met by it first."""
    return service.heavy.loop_held >= ALWAYS and share(found) < SHOWN
