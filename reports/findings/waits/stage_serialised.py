"""Requests wait for a lock or a semaphore of the app's own, or for a stage: only so many may go on."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.evidence.kinds import LOCKS, STAGE_QUEUE
from reports.findings.common.binding import binding
from reports.findings.common.finding import Finding
from reports.findings.common.held import counts, held, waiting


def stage_serialised(analysis: Analysis) -> Iterator[Finding]:
    for service in held(analysis):
        found = waiting(service, lambda place: place.kind in LOCKS)
        by_stage = waiting(service, lambda place: place.kind == STAGE_QUEUE)
        if counts(service, found):
            yield binding(
                service,
                "stage-serialised",
                found,
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
