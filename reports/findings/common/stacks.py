"""What stacks from outside add to what a finding rests on, and where they alone say what holds a loop."""

from __future__ import annotations

from collections.abc import Iterator

from records.evidence.stacks import Stacks
from reports.evidence.service import Service
from reports.findings.common.finding import Evidence

FEWEST = 3
"""Samples: fewer say nothing of the time between."""
HELD = 0.5
"""The share of the samples in which a loop's thread is at work, from which on a line of it is named."""
LINE = 0.5
"""The share of those that has to be at that line."""


def held_at(service: Service) -> str:
    """The line that holds the loop by its stacks; empty: they name none."""
    stacks = _believed(service)
    if stacks is None or not stacks.places or stacks.held < HELD:
        return ""
    line = max(stacks.places, key=lambda one: stacks.places[one])
    return line if stacks.places[line] >= LINE * stacks.held else ""


def stack_evidence(service: Service) -> tuple[Evidence, ...]:
    """None where there are too few."""
    stacks = _believed(service)
    return () if stacks is None else tuple(_evidence(stacks))


def _believed(service: Service) -> Stacks | None:
    stacks = service.heavy.stacks
    return stacks if stacks is not None and stacks.samples >= FEWEST else None


def _evidence(stacks: Stacks) -> Iterator[Evidence]:
    yield Evidence(figure="stacks taken from outside", value=stacks.samples)
    if stacks.loops:
        yield Evidence(figure="the loop's thread at work in them", value=100 * stacks.held, unit="%")
        yield Evidence(figure="using a processor", value=100 * stacks.on_cpu, unit="%")
    for line, part in list(stacks.places.items())[:1]:
        yield Evidence(figure=f"at {line}", value=100 * part, unit="%")
    if stacks.executors:
        yield Evidence(figure="executors' threads in them", value=stacks.executors)
        yield Evidence(figure="of which at work", value=stacks.busy)
    for holder, part in list(stacks.holders.items())[:1]:
        who = "the loop's thread" if holder == "loop" else holder
        yield Evidence(figure=f"the interpreter's lock held most by {who}", value=100 * part, unit="%")
