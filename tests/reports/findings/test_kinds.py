"""Every kind of place that is seen inside an app is known to the diagnosis."""

from __future__ import annotations

from profiler.inside.collector import kinds
from reports.evidence.kinds import KNOWN, OTHERS, QUEUES, READS


def test_each_kind_that_the_collector_names_is_a_queue_or_is_not() -> None:
    named = {rule.kind for rule in kinds.RULES.values()} | {kind for _, _, kind in kinds._PATTERNS}
    assert named | {"executor-queue", "ready", "running", "future"} <= KNOWN
    assert not QUEUES & READS
    assert not QUEUES & OTHERS
