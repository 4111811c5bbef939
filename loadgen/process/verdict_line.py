"""A cell's verdict in one line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from records.cells.cell import Cell
from records.secrets.secret_names import harmless
from workloads.catalogue import check_named
from workloads.checks.advice import in_one_line
from workloads.checks.facts import TOO_FEW


def verdict_line(cell: Cell) -> str:
    """``valid`` or ``invalid``, and why; ``incomplete`` where it was interrupted on its way to valid. What a
    service said does nothing to a terminal."""
    verdict, cut_short = cell.verdict, "the run ended before its planned end"
    if verdict.failures:
        named = [replace(check, text=f"{check.name}: {check.text}") for check in verdict.failures]
        return harmless(
            "invalid: "
            + "; ".join(
                [in_one_line(named), *([] if cell.complete else [cut_short]), *_notes(cell, aloud=True)]
            )
        )
    unknown = [check.name for check in verdict.checks if check.status == "n/a"]
    said = "valid: " if cell.complete else f"incomplete: {cut_short}; until then "
    said += f"{len(verdict.checks) - len(unknown)} checks passed"
    if unknown:
        said += f"; not applicable: {', '.join(unknown)}"
    # What could not be told apart here may still be what a reader has to know.
    return harmless("; ".join([said, *_notes(cell)]))


def _notes(cell: Cell, *, aloud: bool = False) -> Iterator[str]:
    """What checks say that could not decide, and is worth telling; ``aloud``: beside failures, too."""
    for check in cell.verdict.checks:
        known = check_named(check.name)
        told = known.aloud if aloud else known.worth_telling
        if told and check.status == "n/a" and not check.text.startswith(TOO_FEW):
            yield f"{check.name}: {check.text}"
