"""The finders, a line each: docs/adding-a-finding.md."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from reports.analysis.analysis import Analysis
from reports.findings.autoscaler_blind import autoscaler_blind
from reports.findings.blocked_from_outside import blocked_from_outside
from reports.findings.buffered_stream import buffered_stream
from reports.findings.compute import compute
from reports.findings.computing_threads import computing_threads
from reports.findings.connection_pool import connection_pool
from reports.findings.dependency import dependency
from reports.findings.dns_slow import dns_slow
from reports.findings.event_loop import event_loop
from reports.findings.few_at_a_time import few_at_a_time
from reports.findings.finding import Finder, Finding
from reports.findings.gc_pauses import gc_pauses
from reports.findings.generator_limited import generator_limited
from reports.findings.keepalive_race import keepalive_race
from reports.findings.liveness_kill import liveness_kill
from reports.findings.load_shed import load_shed
from reports.findings.machine_limits import machine_limits
from reports.findings.memory_pressure import memory_pressure
from reports.findings.oversubscribed import oversubscribed
from reports.findings.quota import CODES as OF_A_QUOTA
from reports.findings.quota import quota
from reports.findings.scales import scales
from reports.findings.server_full import server_full
from reports.findings.stage_serialised import stage_serialised
from reports.findings.supported import supported
from reports.findings.thread_pool import thread_pool
from reports.findings.unknown import unknown
from reports.findings.upstream import upstream

FINDERS: tuple[Finder, ...] = (
    quota,
    event_loop,
    blocked_from_outside,
    stage_serialised,
    connection_pool,
    thread_pool,
    server_full,
    dns_slow,
    upstream,
    dependency,
    gc_pauses,
    oversubscribed,
    compute,
    computing_threads,
    few_at_a_time,
    buffered_stream,
    load_shed,
    liveness_kill,
    keepalive_race,
    memory_pressure,
    machine_limits,
    generator_limited,
)


_KNOWN: WeakKeyDictionary[Analysis, tuple[Finding, ...]] = WeakKeyDictionary()


def diagnosis(analysis: Analysis) -> tuple[Finding, ...]:
    """All that is found, ranked. Every form of a report wants it, and nothing of a report takes longer, so it
    is made once for each analysis."""
    if (known := _KNOWN.get(analysis)) is None:
        known = _KNOWN[analysis] = tuple(_ranked(analysis))
    return known


def _ranked(analysis: Analysis) -> list[Finding]:
    """All that is found, by severity, then by confidence; equal ones in the order of their finders. What one
    deployment has, and the one that is ahead of it has not, comes first: of that a limit, for whatever else
    is slow there is stopped, too."""
    found = [finding for finder in FINDERS for finding in finder(analysis)]
    found = [supported(analysis, finding) for finding in found]
    found += scales(analysis, found)
    found += unknown(analysis, found)
    found += autoscaler_blind(analysis)  # no cause: behind all that is one, or says that none is known
    behind = {
        (ratio.second, ratio.config): (ratio.first, ratio.config)
        for ratio in analysis.deployment_ratios
        if ratio.second_is_bottleneck
    }
    codes = {((one.about.deployment, one.about.config), one.code) for one in found}

    def place(one: Finding) -> tuple[bool, bool, tuple[int, int]]:
        ahead = behind.get((one.about.deployment, one.about.config))
        common = ahead is None or one.severity == "info" or (ahead, one.code) in codes
        return common, common or one.code not in OF_A_QUOTA, one.rank

    return sorted(found, key=place)
