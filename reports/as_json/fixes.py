"""A fix that was tried as ``systematic_results.json`` has it (key ``fixes``; `docs/results.md`)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from reports.figures.fixes import FixResult
from reports.figures.stats import Estimate


def fix_json(one: FixResult) -> dict[str, Any]:
    c, tried = one.comparison, one.tried
    raw: dict[str, Any] = {
        "code": tried.code,
        "where": tried.where,
        "deployment": c.deployment if c else None,
        "config": c.config if c else tried.variant,
        "reference": c.reference if c else tried.of,
        "settings": tried.settings,
        "predicted": _estimate(one.predicted),
        "predicted_of": tried.figure or None,
        "prediction": one.prediction,
        "code_changed": one.code_changed,
    }
    if c is None:
        return raw | {"load": None, "rps": None, "ttft": None}
    names = (c.workload.throughput.name, c.workload.compared.name)
    gained = zip(names, (_estimate(c.throughput), _estimate(c.compared)), strict=True)
    return {**raw, **c.load.to_json(), "workload": c.workload.name, **dict(gained)}


def _estimate(estimate: Estimate | None) -> dict[str, Any] | None:
    return None if estimate is None else asdict(estimate)
