"""What probes of a cheap path met, as evidence beside a held loop."""

from __future__ import annotations

from reports.evidence.service import Service
from reports.findings.common.finding import Evidence


def probe_evidence(service: Service) -> tuple[Evidence, ...]:
    """What a cheap path took under load and before it. Of several processes none: a probe's new connection
    goes to one that is free."""
    probed, inside = service.heavy.probed, service.heavy.inside
    if inside is not None and inside.servers > 1:
        return ()
    if probed is None or probed.path_ms is None or probed.path_idle_ms is None:
        return ()
    return (
        Evidence(figure="a cheap path's answer under load", value=probed.path_ms, unit="ms"),
        Evidence(figure="a cheap path's answer before it", value=probed.path_idle_ms, unit="ms"),
    )
