"""Who kept the load from its CPU while cells were measured: the one place that says whether it is known."""

from __future__ import annotations

from collections.abc import Sequence

from records.cells.cell import Check
from records.cells.other_programs import in_words
from reports.figures.others import busiest_others
from reports.figures.summary import CellSummary
from workloads.catalogue import check_named
from workloads.checks.generator_advice import TOO_LITTLE

UNNAMED = "no program is named, so it was the machine's host, a quota, or programs that come and go"


def meanwhile(cells: Sequence[CellSummary], failed: Sequence[Check]) -> str:
    """The programs that took as much as matters, where that may be why a check ``failed`` in these cells.
    Where somebody looked and none is known, what is left, if a check says that the machine gave too little;
    else empty."""
    if not any(check_named(check.name).of_the_machine for check in failed):
        return ""
    if named := in_words(busiest_others(cells, much=True), at_most=len(cells) > 1):
        return f"meanwhile {named}"
    looked = all(part.cell.other_programs is not None for cell in cells for part in cell.parts)
    return UNNAMED if looked and any(TOO_LITTLE in check.text for check in failed) else ""
