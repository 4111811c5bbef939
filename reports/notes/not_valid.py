"""What is said of loads at which no cell is valid: that what was measured there does not hold, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from records.cells.cell import Check
from reports.figures.summary import CellSummary, OperatingPoint
from reports.figures.text import listed
from reports.notes.said_above import ALIKE, AS_ABOVE, as_above, is_said, without_figures
from workloads.catalogue import check_named
from workloads.checks.advice import in_one_line
from workloads.checks.machine import LITTLE, MACHINE_NOISE

VALID = "Valid"
DO_NOT_HOLD = "do not hold (struck out, or in brackets)"
VALID_NOTE = f"{VALID}: how many of the cells are. Where none is, the figures {DO_NOT_HOLD}."


def valid_of(level: OperatingPoint) -> str:
    """``1 of 2``: how many of its cells are."""
    return f"{len(level.valid_cells)} of {len(level.cells)}"


def no_valid_cell(levels: Sequence[OperatingPoint], above: Sequence[str] = ()) -> Iterator[str]:
    """A sentence for all loads with the same reason, be it in other figures: then it is the first one's.
    ``above``: the report's first lines, of which nothing is said again; where they have the one reason of
    all of a table's loads, nothing at all."""
    several = len({level.deployment for level in levels}) > 1
    groups: dict[str, list[tuple[str, str]]] = {}
    for level in levels:
        if not level.valid:
            where = f"{f'in {level.deployment} ' if several else ''}at {level.load.named}"
            why = why_not(level.cells, above)
            groups.setdefault(without_figures(why), []).append((where, why))
    if len(groups) == 1 and not any(level.valid for level in levels):
        groups = {why: alike for why, alike in groups.items() if not why.endswith(AS_ABOVE)}
    for alike in groups.values():
        same = len({why for _, why in alike}) == 1
        thus = "" if same else ALIKE
        yield f"No cell is valid {listed([where for where, _ in alike])}: {thus}{_ended(alike[0][1])}"


def why_not(cells: Sequence[CellSummary], above: Sequence[str] = ()) -> str:
    """The check that failed most of them: what it found, what the machine did meanwhile, what to do; its name
    alone where the lines ``above`` have that."""
    failed = [check for cell in cells for check in cell.failed_checks]
    if not failed:
        return "nothing was checked"
    [(name, _)] = Counter(check.name for check in failed).most_common(1)
    worst, cell = next((c, cell) for cell in cells for c in cell.failed_checks if c.name == name)
    said = is_said(worst, above)
    found = as_above([name]) if said else f"{' '.join(worst.found.split())} ({name})"
    meanwhile = [text for text in [_noise(cell.cell.verdict.checks)] if text and text not in worst.text]
    if not check_named(name).of_the_machine or not meanwhile:
        return found if said else f"{in_one_line([worst])} ({name})"
    advice = f"; {worst.advice}" if worst.advice and not said else ""
    return f"{found}; meanwhile {meanwhile[0]}{advice}"


def _noise(checks: Sequence[Check]) -> str:
    """What kept the load generator from its CPU, in figures; empty where little did, or nobody knows."""
    return next(
        (c.text for c in checks if c.name == MACHINE_NOISE and c.status != "n/a" and c.text != LITTLE), ""
    )


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith(("?", ".")) else f"{sentence}."
