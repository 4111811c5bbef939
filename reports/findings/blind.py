"""What to do where it cannot be seen where requests wait, by why it cannot."""

from __future__ import annotations

from records.cells import layout
from reports.analysis.analysis import Analysis
from reports.analysis.of_missing import lacking, wanted
from reports.evidence.service import Service


def look_inside(analysis: Analysis, service: Service) -> str:
    """A sentence without its capital and its end."""
    cells = (*service.light.level.cells, *service.heavy.level.cells)
    if lacking(analysis, layout.INSIDE, cells):
        return f"a part of {layout.INSIDE} of these loads is missing (see the verdict): measure them again"
    if any(layout.INSIDE in wanted(analysis, cell) for cell in cells):
        return (
            "the sweep looked inside, and no asyncio loop was there: have it take stacks (--stacks), or send"
            " spans (--otlp)"
        )
    return (
        "nobody looked inside: start the service by the sweep (--deployment run:COMMAND), or have it looked"
        " into where it runs (--attach auto; Python 3.14)"
    )
