"""Which requests wait because threads keep each other from Python, and for nothing else."""

from __future__ import annotations

from records.evidence.inside import RUNNING, Place
from reports.evidence.behind import IN_THREADS
from reports.evidence.excess import Excess
from reports.evidence.interpreter import Crowd, crowd
from reports.evidence.kinds import OUTSIDE, THREADS
from reports.evidence.service import Service
from reports.findings.common.held import MOST, for_the_loop, share, waiting


def crowded(service: Service) -> tuple[Crowd, tuple[Excess, ...]] | None:
    """Threads that keep each other from Python, and the requests that wait because of that: in them, for one
    of them to be free, and where its event loop takes turns with them, for that. Whatever else holds those is
    what it is because of them."""
    found = crowd(service.heavy, service.light)
    inside = service.heavy.inside
    if found is None or inside is None:
        return None

    def theirs(place: Place) -> bool:
        if place.kind in IN_THREADS | THREADS:
            return True
        if not inside.looped:
            return place.kind in (RUNNING, OUTSIDE)
        return found.taken is not None and for_the_loop(place)

    excess = waiting(service, theirs)
    return (found, excess) if share(excess) >= MOST else None
