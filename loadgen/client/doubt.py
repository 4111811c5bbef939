"""By how much a stall of this process can have moved the dates of one request, and when that is too much."""

from __future__ import annotations

from dataclasses import dataclass, field

LATE_NS = 2_000_000
"""A request is late when a date of it can have moved by more than this..."""
LATE_SHARE = 0.02
"""...and by more than this share of the time that the date gives."""


def moved(by_ns: int, of_ns: int) -> bool:
    """Is ``by_ns`` too much for a time of ``of_ns``?"""
    return by_ns > LATE_NS and by_ns > LATE_SHARE * of_ns


@dataclass(slots=True)
class Doubt:
    """Which dates of one request are not exact, and by how many nanoseconds they can be wrong at the most.

    Segments that wait in a receive queue are merged, and the kernel keeps the stamp of the last. So a token
    that is read together with later bytes may have come earlier than its stamp, but not before the loop
    last looked; one whose event ends what is read has a stamp of its own.
    """

    sent_ns: int = 0
    """From the date of its sending to when the kernel had it."""
    of_dates: dict[int, int] = field(default_factory=dict)

    def late(
        self,
        *,
        start_ns: int,
        first_ns: int | None,
        last_ns: int | None,
        ended_ns: int,
        waited_ns: int,
        wait_counts: bool = False,
    ) -> bool:
        """Is a time that these dates give moved by too much, or its sending by too much of the whole?
        ``waited_ns``: for how long a stall can have kept it from being sent; ``wait_counts``: that is in its
        latency, as in an open loop's."""
        by = self.of_dates
        sent_ns = self.sent_ns + (waited_ns if wait_counts else 0)
        if moved(max(waited_ns, sent_ns, by.get(ended_ns, 0)), ended_ns - start_ns):
            return True
        if first_ns is None or last_ns is None:
            return False
        return moved(max(sent_ns, by.get(first_ns, 0)), first_ns - start_ns) or moved(
            by.get(last_ns, 0),
            last_ns - first_ns,  # the pace's time
        )
