"""The finders, a line each: docs/adding-a-finding.md."""

from __future__ import annotations

from reports.analysis.analysis import Analysis
from reports.findings.finding import Finder, Finding

FINDERS: tuple[Finder, ...] = ()


def diagnosis(analysis: Analysis) -> tuple[Finding, ...]:
    """All that is found, by severity, then by confidence; equal ones in the order of their finders."""
    found = (finding for finder in FINDERS for finding in finder(analysis))
    return tuple(sorted(found, key=lambda finding: finding.rank))
