"""Whether what requests seem to wait for is only met late, by a loop that something holds for long."""

from __future__ import annotations

from reports.evidence.inside import InsideOfCells
from reports.evidence.service import Service

LONG_PIECES_MS = 50.0
"""How long something holds the loop at a time, from which on what came from elsewhere meanwhile looks as if
it had not come: ten times what many small pieces come to."""
HALF = 0.5
"""The share of what the load adds to an answer that the loop has to be late by: an answer from elsewhere is
met late once at least, its first token once more."""

GROWN = 1.5
"""Times the light load's lateness, below which it is about the same."""


def pieces_ms(inside: InsideOfCells) -> float:
    """How long the loop is held at a time: who comes then meets half of that, on the mean, and often more."""
    return 2 * inside.lag_ms / inside.loop_busy if inside.loop_busy else 0.0


def is_met_late(service: Service) -> bool:
    """Does the loop come so late, in each repeat, that this alone may be what the load adds?"""
    return all(map(_is_late, service.each))


def _is_late(service: Service) -> bool:
    inside, load = service.heavy.inside, service.heavy
    if inside is None or not load.per_second or pieces_ms(inside) < LONG_PIECES_MS:
        return False
    return inside.lag_ms >= HALF * service.added_ms


def was_as_late(service: Service) -> bool:
    """Was it about as late at the light load already? Then something else may be what the load adds."""
    inside = service.light.inside
    return inside is not None and inside.lag_ms * GROWN >= (service.heavy.inside or inside).lag_ms
