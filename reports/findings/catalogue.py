"""The finders, a line each: docs/adding-a-finding.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from weakref import WeakKeyDictionary

from reports.analysis.analysis import Analysis
from reports.findings.between.buffered_stream import buffered_stream
from reports.findings.between.generator_limited import generator_limited
from reports.findings.between.keepalive_race import keepalive_race
from reports.findings.between.liveness_kill import liveness_kill
from reports.findings.between.load_shed import load_shed
from reports.findings.common.finding import Finder, Finding
from reports.findings.loop.blocked_from_outside import blocked_from_outside
from reports.findings.loop.event_loop import event_loop
from reports.findings.loop.gc_pauses import gc_pauses
from reports.findings.machine.autoscaler_blind import autoscaler_blind
from reports.findings.machine.compute import compute
from reports.findings.machine.computing_threads import computing_threads
from reports.findings.machine.memory_pressure import memory_pressure
from reports.findings.machine.noisy_neighbour import noisy_neighbour
from reports.findings.machine.oversubscribed import oversubscribed
from reports.findings.machine.quota import QUOTA_CODES, quota
from reports.findings.waits.connection_pool import connection_pool
from reports.findings.waits.dependency import dependency
from reports.findings.waits.dns_slow import dns_slow
from reports.findings.waits.few_at_a_time import few_at_a_time
from reports.findings.waits.process_pool import process_pool
from reports.findings.waits.server_full import server_full
from reports.findings.waits.stage_serialised import stage_serialised
from reports.findings.waits.thread_pool import thread_pool
from reports.findings.waits.upstream import upstream
from reports.findings.whole.paired import paired
from reports.findings.whole.scales import scales
from reports.findings.whole.supported import supported
from reports.findings.whole.unknown import unknown

FINDERS: tuple[Finder, ...] = (
    quota,
    event_loop,
    blocked_from_outside,
    stage_serialised,
    connection_pool,
    thread_pool,
    process_pool,
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
    noisy_neighbour,
    generator_limited,
)


_KNOWN: WeakKeyDictionary[Analysis, tuple[Finding, ...]] = WeakKeyDictionary()


def diagnosis(analysis: Analysis) -> tuple[Finding, ...]:
    """All that is found, ranked. Every form of a report wants it, and nothing of a report takes longer, so it
    is made once for each analysis."""
    if (known := _KNOWN.get(analysis)) is None:
        known = _KNOWN[analysis] = tuple(_ranked(analysis))
    return known


def _once(found: Iterable[Finding]) -> Iterator[Finding]:
    """One code of a service at one line, by the first finder: the loop before the processor that it fills."""
    known = set()
    for one in found:
        if (key := (one.code, one.about, one.where)) not in known:
            known.add(key)
            yield one


def _ranked(analysis: Analysis) -> list[Finding]:
    """All that is found, by severity, then by confidence; equal ones in the order of their finders. What one
    deployment has, and the one that is ahead of it has not, comes first: of that a limit, for whatever else
    is slow there is stopped, too. What concerns only those who scale by CPU comes last."""
    found = [finding for finder in FINDERS for finding in finder(analysis)]
    found = [supported(analysis, finding) for finding in found]
    found += scales(analysis, found)
    found += unknown(analysis, found)
    found = [paired(analysis, finding) for finding in _once(found)]
    behind = {
        (ratio.second, ratio.config): (ratio.first, ratio.config)
        for ratio in analysis.deployment_ratios
        if ratio.second_is_bottleneck
    }
    codes = {((one.about.deployment, one.about.config), one.code) for one in found}

    def place(one: Finding) -> tuple[bool, bool, tuple[int, int]]:
        ahead = behind.get((one.about.deployment, one.about.config))
        common = ahead is None or one.severity == "info" or (ahead, one.code) in codes
        return common, common or one.code not in QUOTA_CODES, one.rank

    return [*sorted(found, key=place), *(paired(analysis, one) for one in autoscaler_blind(analysis))]
