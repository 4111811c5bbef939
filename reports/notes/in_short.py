"""The verdict in one line, for whoever reads nothing else: how many cells are invalid, and what to do."""

from __future__ import annotations

from collections import Counter

from reports.analysis.analysis import Analysis
from reports.notes.cautions import cautions
from workloads.checks.advice import agreed


def invalid_in_short(analysis: Analysis) -> str:
    """By the check that failed most of them, with what to do: what it found, the report above has. Where
    there is nothing to do, what it found; empty where all are valid."""
    invalid, cells = analysis.invalid, analysis.cells
    if not invalid:
        return ""
    among = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
    text = f"{len(invalid)} of {among} {'is' if len(invalid) == 1 else 'are'} invalid"
    failed = [check for cell in invalid for check in cell.failed_checks]
    if not failed:
        return f"{text}: nothing was checked"
    [(name, count)] = Counter(check.name for check in failed).most_common(1)
    of_them = "" if len(invalid) == 1 else f"{'all' if count == len(invalid) else count} of them "
    its = [check for check in failed if check.name == name]
    to_do = next((check.advice for check in its if check.advice), its[0].found)
    line = f"{text}, {of_them}by {name}: {' '.join(to_do.split())}"
    others = [sentence for caution in cautions(analysis) for sentence in caution.sentences]
    return agreed([line, *(check.text for check in failed), *others])[0]
