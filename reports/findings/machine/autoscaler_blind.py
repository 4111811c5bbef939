"""An autoscaler that looks at the processor sees nothing: the service is full, and its CPUs are not."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.findings.common.binding import about
from reports.findings.common.finding import Evidence, Finding
from reports.findings.common.held import is_much_held

TARGET = 0.5
"""The lowest target that is usual: Kubernetes' own walkthrough has 50 %, its default is 80 %."""
HIGHEST = 0.8


def autoscaler_blind(analysis: Analysis) -> Iterator[Finding]:
    """Of services that the load holds back. It says nothing of what holds them. One that waits for CPUs which
    others have would take more of its own, so that is counted as taken."""
    for service in analysis.services:
        machine = service.heavy.machine
        if not is_much_held(service) or machine is None or machine.full >= TARGET:
            continue
        yield Finding(
            code="autoscaler-blind",
            about=about(service),
            binds="nothing",
            confidence="possible",  # the target is of what its pod requests, and that may be less
            severity="info",
            evidence=(
                Evidence(figure="processor time", value=machine.cpu_cores, unit="cores"),
                Evidence(figure="cores that it may take", value=machine.cores),
                Evidence(figure="share of them that it uses (usual targets begin at 50 %)",
                         value=100 * machine.busy, unit="%"),
                Evidence(figure="requests that wait because of the load", value=service.excess),
                Evidence(figure="requests in flight", value=service.heavy.in_flight),
            ),
            advice="If an autoscaler looks at its CPU, have it look at requests in flight, or at how long"
            " they wait; else nothing",
        )  # fmt: skip
