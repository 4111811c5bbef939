"""A plan with its variants, where none was given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from records.services.served import AS_IS
from records.services.variants import MOCKS, Variant
from sweep.planning.plan import Plan

LONGEST_NAME = 60
"""Of a variant that is called by its settings."""


def resolved(plan: Plan) -> Plan:
    """The plan with its variants: the four mocks where none was given; where not every target knows them, one
    that is called by what is set, or ``as-is`` where nothing is."""
    if plan.variants:
        return plan
    if all(target.kind.has_mocks for target in plan.targets):
        return replace(plan, variants=tuple(MOCKS.values()))
    if plan.settings and all(target.kind.configurable for target in plan.targets):
        return replace(plan, variants=(Variant(name=called(plan.settings), settings=dict(plan.settings)),))
    return replace(plan, variants=(Variant(name=AS_IS),))


def called(settings: Mapping[str, str]) -> str:
    """A name, also of a folder, that says what is set: ``WORKERS-4``; reports tell long ones apart."""
    text = "_".join(f"{name}-{value}" for name, value in settings.items())
    return re.sub(r"[^A-Za-z0-9_.]+", "-", text)[:LONGEST_NAME].rstrip("-._")
