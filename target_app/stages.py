"""What the stages of retrieving hand on. All times in nanoseconds."""

from __future__ import annotations

from typing import NamedTuple

Hits = list[tuple[int, float]]
"""(place of the passage, cosine), best first."""


class Timing(NamedTuple):
    """How long a stage waited for its turn, and how long it ran."""

    queued_ns: int
    running_ns: int


class Retrieved(NamedTuple):
    """The passages found, and what the two stages took."""

    hits: Hits
    embed: Timing
    search: Timing
