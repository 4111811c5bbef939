"""What the mocks' effects say about the limit of throughput: on which side does it lie?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from records.services.variants import MOCKS, mocked_by
from reports.figures.compare import Comparison
from reports.figures.knees import Knee
from reports.figures.load import Load

SIDES = {name: parts[0].side for name in MOCKS if len(parts := mocked_by(name) or ()) == 1}
"""The mocks of one side alone."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """``unsure``: where it is, the levels cannot tell; ``not reached``; ``below``: the mocks were compared at
    fewer users than it begins at. Else what mocking shows: ``both`` sides take, ``one`` does, ``neither``."""

    load: Load
    is_it: Literal["unsure", "not reached", "below", "both", "one", "neither"]
    side: str = ""
    """That takes, or takes more; of one that is not reached, whose it is."""
    other_compared: bool = True


def limit(at_top: Sequence[Comparison], knee: Knee | None, load: Load) -> Limit | None:
    """Of comparisons at that load; None where they say nothing."""
    if knee is not None and (knee.workload_mismatch or knee.other_loads or knee.invalid):
        return None
    if knee is not None and knee.unsure:
        return Limit(load=load, is_it="unsure")
    if knee is None or (knee.concurrency is None and knee.levels < 2):
        return None  # whether it grows is not known
    if knee.concurrency is None:
        return Limit(load=load, is_it="not reached", side=knee.config)
    if load.users < knee.concurrency:
        return Limit(load=load, is_it="below")
    singles = {c.config: c.throughput for c in at_top if c.config in SIDES}
    raised = {name: r.value for name, r in singles.items() if r and r.excludes_one and r.value > 1}
    compared = all(singles.get(name) is not None for name in SIDES)
    if not raised:
        return Limit(load=load, is_it="neither") if compared else None
    most = SIDES[max(raised, key=raised.__getitem__)]
    kind: Literal["both", "one"] = "both" if len(raised) > 1 else "one"
    return Limit(load=load, is_it=kind, side=most, other_compared=compared)
