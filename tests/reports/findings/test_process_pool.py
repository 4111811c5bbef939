"""A full pool of processes is named as such, and no threads are advised for it."""

from typing import Any

import pytest

from reports.evidence.demand import PROCESS_POOL
from reports.evidence.ladder import ladder
from reports.findings.catalogue import diagnosis

LINE = "embed (mine.py:7)"
POOL = {"name": "ProcessPoolExecutor", "max": 2, "threads": 2, "busy": 2, "queued": 18, "processes": True}


def at(kind: str, count: float) -> dict[str, Any]:
    return {"kind": kind, "at": "ProcessPoolExecutor", "where": LINE, "count": count}


@pytest.mark.parametrize(("cpu_percent", "advised", "confidence"), [
    (40.0, "Give the pool more processes, as many as there are CPUs at most if they compute", "shown"),
    (196.0, "The CPUs are full, so more processes get no more done", "likely"),
])  # fmt: skip
def test_a_full_pool_of_processes_is_advised_by_whether_the_cpus_are_full(
    loaded: Any, seen: Any, cpu_percent: float, advised: str, confidence: str
) -> None:
    light = seen(users=1, rps=10, waits=(at("process", 1),), executors=({**POOL, "busy": 1, "queued": 0},))
    heavy = seen(
        users=20, rps=20, waits=(at("process", 2), at("process-queue", 18)), executors=(POOL,),
        cpu_percent=cpu_percent,
    )  # fmt: skip
    analysis = loaded(light, heavy)
    found, *others = diagnosis(analysis)
    assert [one.code for one in others if one.code != "autoscaler-blind"] == []
    assert (found.code, found.where, found.binds) == ("process-pool-exhausted", LINE, "throughput")
    assert (found.confidence, found.severity) == (confidence, "high")
    assert found.advice.startswith(advised)
    assert "thread" not in found.advice
    assert (found.effect.mended is None) == (cpu_percent > 100)
    figures = {one.figure: one.value for one in found.evidence}
    assert figures["processes of the pool"] == 2
    assert figures["calls in its queue"] == 18
    [service] = analysis.services
    assert PROCESS_POOL in {rung.resource.kind for rung in ladder(service).rungs}
