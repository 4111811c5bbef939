"""Findings by two loads that no repeat has both of are hardly sure, and have no gain."""

from __future__ import annotations

from dataclasses import replace

from reports.analysis.analysis import Analysis
from reports.findings.common.binding import about
from reports.findings.common.finding import Evidence, Finding


def paired(analysis: Analysis, finding: Finding) -> Finding:
    """At most possible where no repeat has both of its loads: what else changed in between nobody knows."""
    apart = any(about(one) == finding.about and one.compared and not one.paired for one in analysis.services)
    if not apart or not finding.compares_loads:
        return finding
    why = Evidence(figure="repeats in which both the lightest and the heaviest load are valid", value=0)
    effect = finding.effect and replace(finding.effect, mended=None, low=None, high=None)
    return replace(finding, confidence="possible", effect=effect, evidence=(*finding.evidence, why))
