"""A prediction as ``systematic_results.json`` has it, in ``knees`` (`docs/results.md`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from reports.evidence.foretold import Compared
from reports.figures.knees import Knee


def prediction_json(knee: Knee, found: Sequence[Compared]) -> dict[str, Any]:
    """``predicted`` is null where it was not predictable, or no other load was measured."""
    own = next((one for one in found if one.knee is knee), None)
    if own is None or (what := own.foretold) is None:
        return {"predicted": None}
    return {
        "predicted": {
            "by": list(what.by),
            "resource": what.resource and what.resource.kind,
            "name": what.resource and what.resource.name,
            "users": asdict(what.users),
            "per_second": asdict(what.per_second),
            "measured_per_second": own.per_second,
            "between": list(own.between),
            "inside": own.inside,
        }
    }
