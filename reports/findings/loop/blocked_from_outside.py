"""Where nobody looked inside: a cheap path answers late under load, while connections are taken at once."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.evidence.machine import DELAYED
from reports.findings.common.binding import about, binds
from reports.findings.common.blind import look_inside
from reports.findings.common.finding import Effect, Evidence, Finding
from reports.findings.common.held import held, is_held
from reports.findings.common.probes import probe_evidence
from reports.findings.common.stacks import held_at, stack_evidence
from reports.findings.loop.on_loop import BLOCKED
from reports.findings.loop.why_held import delay_of

LATER_MS = 10.0
TIMES = 5.0
"""So many times what it took before the load, and so much more, a cheap path has to take;"""
ACCEPTED_MS = 5.0
"""and at most so much more a connection."""


def blocked_from_outside(analysis: Analysis) -> Iterator[Finding]:
    for service in held(analysis):
        probed = service.heavy.probed
        if service.heavy.inside is not None or probed is None:
            continue
        path, idle = probed.path_ms, probed.path_idle_ms
        accept, accept_idle = probed.accept_ms, probed.accept_idle_ms
        if path is None or idle is None or path < idle + LATER_MS or path < TIMES * idle:
            continue
        if accept is not None and accept_idle is not None and accept > accept_idle + ACCEPTED_MS:
            continue  # the listen queue is full: that is another cause
        if (delay_of(service) or 0.0) >= DELAYED:
            continue  # what answers was kept from running: so is a path that needs nothing else
        where = held_at(service)
        yield Finding(
            code=BLOCKED.code,
            about=about(service),
            where=where,
            binds=binds(service),
            confidence="likely",
            severity="high" if is_held(service) else "medium",
            effect=Effect(figure="answers a second", now=service.heavy.answers_per_second),
            evidence=(
                *probe_evidence(service),
                *(() if accept is None else (Evidence(figure="TCP connects in", value=accept, unit="ms"),)),
                *stack_evidence(service),
            ),
            advice=BLOCKED.advice
            if where
            else "Find what holds the event loop, or all threads that serve this path; to see its line,"
            f" {look_inside(analysis, service)}",
        )
