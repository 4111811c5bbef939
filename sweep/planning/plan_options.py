"""Options of the command that are fields of a plan: their defaults and bounds stand there, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, get_type_hints

from records.options.number_options import Whole
from sweep.planning.plan import Plan

_DEFAULTS: Mapping[str, Any] = {one.name: one.default for one in fields(Plan) if one.default is not MISSING}
_HINTS = get_type_hints(Plan, include_extras=True)


def of_plan(name: str) -> dict[str, Any]:
    """For click: a field's default and, of a whole number, its bounds."""
    taken: dict[str, Any] = {"default": _DEFAULTS[name], "show_default": True}
    said = [one for meta in getattr(_HINTS[name], "__metadata__", ()) for one in meta.metadata]
    if said:
        least, most = (
            next(filter(None, (getattr(one, at, None) for one in said)), None) for at in ("ge", "le")
        )
        taken["type"] = Whole(least or 0, most)
    return taken
