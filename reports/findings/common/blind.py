"""What to do where it cannot be seen where requests wait, by why it cannot."""

from __future__ import annotations

from records.cells import layout
from reports.analysis.analysis import Analysis
from reports.analysis.of_missing import lacking, wanted
from reports.evidence.service import Service


def look_inside(analysis: Analysis, service: Service) -> str:
    """What to do, so that it can be seen, and why: a sentence without its capital and its end."""
    cells = (*service.light.level.cells, *service.heavy.level.cells)
    if lacking(analysis, layout.INSIDE, cells):
        return f"measure these loads again: a part of their {layout.INSIDE} is missing (see the verdict)"
    if any(layout.INSIDE in wanted(analysis, cell) for cell in cells):
        return (
            "have the sweep take stacks (--stacks), or send spans (--otlp): it looked inside, and met no"
            " asyncio loop, and no server that answers in threads"
        )
    return (
        "start the service by the sweep (--deployment run:COMMAND), or have it looked into where it runs"
        " (--attach auto; Python 3.14): nobody looked inside"
    )
