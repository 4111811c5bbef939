"""What to do about a check that failed, behind what it found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from records.cells.cell import Check


def advised(check: Check, advice: str) -> Check:
    """The check; with ``advice`` after a semicolon where it failed."""
    if check.status != "fail" or not advice:
        return check
    return replace(check, text=f"{check.text}; {advice}", advice=advice)


def in_one_line(failed: Iterable[Check]) -> str:
    """All that was found, each with what to do about it; what several advise alike is said once, with the
    last of them."""
    checks = list(failed)
    said = []
    for i, check in enumerate(checks):
        again = check.advice in {other.advice for other in checks[i + 1 :]}
        said.append(" ".join((check.found if again else check.text).split()))
    return "; ".join(said)
