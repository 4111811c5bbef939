"""What is said of loads at which no cell is valid: that what was measured there does not hold, and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from records.cells.cell import Check
from reports.figures.summary import CellSummary, OperatingPoint
from reports.figures.text import listed
from workloads.catalogue import check_named
from workloads.checks.advice import in_one_line
from workloads.checks.machine import LITTLE, MACHINE_NOISE

VALID = "Valid"
DO_NOT_HOLD = "do not hold (struck out, or in brackets)"
VALID_NOTE = f"{VALID}: how many of the cells are. Where none is, the figures {DO_NOT_HOLD}."
FIGURE = re.compile(r"\d+(?:\.\d+)?")


def valid_of(level: OperatingPoint) -> str:
    """``1 of 2``: how many of its cells are."""
    return f"{len(level.valid_cells)} of {len(level.cells)}"


def no_valid_cell(levels: Sequence[OperatingPoint]) -> Iterator[str]:
    """A sentence for all loads with the same reason, be it in other figures: then it is the first one's."""
    several = len({level.deployment for level in levels}) > 1
    groups: dict[str, list[tuple[str, str]]] = {}
    for level in levels:
        if not level.valid:
            where = f"{f'in {level.deployment} ' if several else ''}at {level.load.named}"
            why = why_not(level.cells)
            groups.setdefault(FIGURE.sub("N", why), []).append((where, why))
    for alike in groups.values():
        same = len({why for _, why in alike}) == 1
        such_as = "" if same else "such as "
        yield f"No cell is valid {listed([where for where, _ in alike])}: {such_as}{_ended(alike[0][1])}"


def why_not(cells: Sequence[CellSummary]) -> str:
    """The check that failed most of them: what it found, what the machine did meanwhile, what to do."""
    failed = [check for cell in cells for check in cell.failed_checks]
    if not failed:
        return "nothing was checked"
    [(name, _)] = Counter(check.name for check in failed).most_common(1)
    worst, cell = next((c, cell) for cell in cells for c in cell.failed_checks if c.name == name)
    found = " ".join(worst.found.split())
    meanwhile = [text for text in [_noise(cell.cell.verdict.checks)] if text and text not in worst.text]
    if not check_named(name).of_the_machine or not meanwhile:
        return f"{in_one_line([worst])} ({name})"
    advice = f"; {worst.advice}" if worst.advice else ""
    return f"{found} ({name}); meanwhile {meanwhile[0]}{advice}"


def _noise(checks: Sequence[Check]) -> str:
    """What kept the load generator from its CPU, in figures; empty where little did, or nobody knows."""
    return next(
        (c.text for c in checks if c.name == MACHINE_NOISE and c.status != "n/a" and c.text != LITTLE), ""
    )


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith(("?", ".")) else f"{sentence}."
