"""Whether sleeps can take longer under load only because each ends late."""

from __future__ import annotations

from reports.evidence.excess import Excess
from reports.evidence.machine import DELAYED
from reports.evidence.service import Service

DOUBT = 2.0
"""Times the lateness that was seen: what lies within that may be lateness."""


def may_be_late(service: Service, asleep: tuple[Excess, ...]) -> bool:
    """Can it be that they sleep for no longer, but that each sleep ends late?

    So it is where the loop's thread waits for a CPU. Else X answers a second with a sleep before each of P
    pieces, each L late, are X P L requests at a time (Little 1961), of which the lateness is known from few
    questions (`DOUBT`)."""
    inside, (_, delay) = service.heavy.inside, service.heavy.loop_cpu
    if (delay or 0.0) >= DELAYED:
        return True
    pieces = service.heavy.level.timed.gaps_us.counts
    if inside is None or not len(pieces):
        return False
    late = service.heavy.per_second * (1 + float(pieces.mean())) * inside.lag_ms / 1e3
    return sum(one.requests for one in asleep) <= DOUBT * late
