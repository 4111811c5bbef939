"""The knee and the ceiling as light loads predict them, beside the measured ones: in words."""

from __future__ import annotations

from reports.evidence.foretold import Compared
from reports.figures.text import listed, number, spread
from reports.tables.ladder import users_of
from reports.words.full import named


def prediction(found: Compared) -> str:
    """What was measured stands last, with the levels beside the knee."""
    if found.foretold is None:
        return "Its measurements with few users alone do not tell at how many users it stops growing"
    own, knee = found.foretold, found.knee
    loads = listed([str(users) for users in own.by])
    what = f" ({named(own.resource)})" if own.resource else ""
    low, high = found.between
    return (
        f"By {loads} users alone it was predicted to bind at {users_of(own.users)} users, "
        f"{spread(own.per_second)} answers a second{what}; measured {knee.concurrency} ({low}-{high}), "
        f"{number(found.per_second)}"
    )
