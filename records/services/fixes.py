"""Fixes that a sweep tries, kept in its plan: a report holds what was predicted against what came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class TriedFix:
    """A variant that is another one with a finding mended."""

    variant: str
    of: str
    """The variant that the finding is of, measured beside it."""
    code: str
    """The finding's."""
    where: str = ""
    settings: dict[str, str] = field(default_factory=dict, hash=False)
    """Those that differ from the original's."""
    figure: str = ""
    """What the prediction is of, by its title: ``answers a second``."""
    predicted: float | None = None
    """How many times better that gets, whichever way better is; None: not predictable."""
    predicted_low: float | None = None
    predicted_high: float | None = None
    of_rate: bool = True
    """Is it of throughput, and not of a time?"""
    found_in: str = ""
    """The digest of the code in which it was found; empty: not known."""


def code_changed(fix: TriedFix, code: str) -> bool:
    """Is a service's code another one than that in which the fix's finding was found? ``code``: its digest;
    where one of the two is not known, nothing is said."""
    return bool(fix.found_in and code) and fix.found_in != code


def fixes_of(plan: Any) -> Iterator[TriedFix]:
    """Those of a plan as it was kept; none of an older one, nor what is none."""
    found = plan.get("fixes") if isinstance(plan, dict) else None
    for raw in found if isinstance(found, list) else ():
        if isinstance(raw, dict) and all(
            isinstance(raw.get(name), str) for name in ("variant", "of", "code")
        ):
            yield _fix(raw)


def _fix(raw: dict[str, Any]) -> TriedFix:
    settings = raw.get("settings")
    return TriedFix(
        variant=raw["variant"],
        of=raw["of"],
        code=raw["code"],
        where=str(raw.get("where") or ""),
        settings={str(k): str(v) for k, v in settings.items()} if isinstance(settings, dict) else {},
        figure=str(raw.get("figure") or ""),
        predicted=_number(raw.get("predicted")),
        predicted_low=_number(raw.get("predicted_low")),
        predicted_high=_number(raw.get("predicted_high")),
        of_rate=raw.get("of_rate") is not False,
        found_in=str(raw.get("found_in") or ""),
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
