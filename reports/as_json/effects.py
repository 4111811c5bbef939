"""An effect of a mocked part as ``systematic_results.json`` has it (key ``effects``; `docs/results.md`)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from reports.figures.attribution import PartEffect


def effect_json(effect: PartEffect) -> dict[str, Any]:
    noise = effect.noise
    return {
        "deployment": effect.deployment,
        "config": effect.reference,
        **effect.load.to_json(),
        "workload": effect.workload.name,
        "factor": effect.factor,
        "of": effect.of,
        "unit": "ms",
        "now": effect.now,
        "effect": effect.estimate and asdict(effect.estimate),
        "all_together": effect.together and asdict(effect.together),
        "effects_together": effect.family,
        "shown": effect.shown,
        "noise": noise and {"sd": noise.sd, "freedom": noise.freedom},
        "missing": list(effect.missing),
        "differ_in": list(effect.differ_in),
    }
