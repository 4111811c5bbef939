"""The seed of a run for which none was given. Each run has another one, and its record says which."""

from __future__ import annotations

import secrets

SWEEPS = (
    "Seed of all that is random: the order of cells, which questions each asks, poisson arrivals, what links "
    "lose. [default: another for each sweep; run.json has it]"
)
"""What is said of a sweep's."""
MOST_DRAWN = 10**6
"""Above every seed that is drawn: few digits, which somebody can read out and write again."""


def drawn() -> int:
    """From 0 below `MOST_DRAWN`, by the system's own randomness: no seeded generator of this process, nor a
    fork of one, has it come again."""
    return secrets.randbelow(MOST_DRAWN)
