"""What the stages of retrieving hand on. All times in nanoseconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from target_app.corpus import Passage

Hits = Sequence[tuple[int | Passage, float]]
"""(place of the passage, or one that is none of ours; cosine, or the store's own score), best first."""


class Timing(NamedTuple):
    """How long a stage waited for its turn, and how long it ran."""

    queued_ns: int
    running_ns: int


class Retrieved(NamedTuple):
    """The passages found, and what the two stages took."""

    hits: Hits
    embed: Timing | None
    """None where it cannot be told from the search."""
    search: Timing
