"""Requests wait until a host's name is looked up: for each new connection anew, or behind each other."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.evidence.kinds import NAMES
from reports.findings.common.binding import binding
from reports.findings.common.finding import Finding
from reports.findings.common.held import counts, held, waiting


def dns_slow(analysis: Analysis) -> Iterator[Finding]:
    for service in held(analysis):
        found = waiting(service, lambda place: place.kind in NAMES)
        if counts(service, found):
            yield binding(
                service,
                "dns-slow",
                found,
                advice="Keep connections open and share the client; in a cluster end the name with a dot, or"
                " use a cache on the node",
            )
