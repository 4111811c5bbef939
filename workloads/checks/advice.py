"""What to do about a check that failed, behind what it found."""

from __future__ import annotations

from dataclasses import replace

from records.cell import Check


def advised(check: Check, advice: str) -> Check:
    """The check; with ``advice`` after a semicolon where it failed."""
    return replace(check, text=f"{check.text}; {advice}") if check.status == "fail" else check
