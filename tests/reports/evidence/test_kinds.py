"""The kinds of places that the collector names are those that reports know, each in one way of waiting."""

from profiler.inside.collector import kinds, threads
from reports.evidence.kinds import KNOWN, LOCKS, OTHERS, QUEUES, READ, READS, SHARED_QUEUE, SLEEP

OF_TASKS = (
    {kinds.SHARED_QUEUE}
    | {rule.kind for rule in kinds.RULES.values()}
    | {kind for _, _, kind in kinds._PATTERNS}
)
OF_THREADS = {*threads._KINDS.values(), *threads._CALLS.values()}


def test_each_kind_that_the_collector_names_is_known() -> None:
    assert OF_TASKS | OF_THREADS | {"executor-queue", "ready", "running", "future"} <= KNOWN


def test_a_read_and_a_pause_are_named_alike_on_both_sides() -> None:
    assert {READ, SLEEP} <= OF_TASKS
    assert {READ, SLEEP} <= OF_THREADS
    assert kinds.SHARED_QUEUE == SHARED_QUEUE
    assert SHARED_QUEUE in LOCKS


def test_what_queues_is_not_at_work_nor_elsewhere() -> None:
    assert not QUEUES & READS
    assert not QUEUES & OTHERS
