"""Locust's own rows: the times of the workload beside the request's row."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from loadgen.adapter.rows import StatsRow, log
from records.cells.request import RequestRecord
from workloads.metric import Metric
from workloads.stream import STREAM
from workloads.workload import Workload

LATENCY = Metric(name="latency", title="Latency", unit="ms", of=lambda r: r.e2e_ms, quantiles=(0.5,))
SIZE = Metric(name="size", title="Size", unit="bytes", of=lambda r: r.bytes, quantiles=(0.5,))
PLAIN = Workload(name="plain", metrics=(LATENCY, SIZE), compared=LATENCY, checks=())


def rows(workload: Workload, record: RequestRecord) -> dict[str, float]:
    """As locust's own statistics are told of them."""
    found: dict[str, float] = {}

    def get(name: str, method: str) -> Any:
        return SimpleNamespace(log=lambda ms, size: found.update({f"{method} {name}": ms}))

    log(SimpleNamespace(get=get), StatsRow.of("POST", "/x", workload), record)
    return found


def test_they_are_those_of_the_workload(record: Callable[..., RequestRecord]) -> None:
    assert rows(PLAIN, record()) == {"Latency /x": 10}
    answer = record(first_token_at_ns=4_000_000, last_token_at_ns=9_000_000, tokens=3, gaps_us=[2000, 3000])
    assert rows(STREAM, answer) == {"TTFT /x": 4, "E2E /x": 10, "ITL /x": 2.5}
    assert rows(STREAM, record(outcome="timeout")) == {}
