"""What a workload may be: its names, its columns, and cells that are valid without a token."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from records.cells.cell import Verdict, Window
from records.cells.request import RequestRecord
from records.errors import RecordError
from workloads import judge
from workloads.catalogue import WORKLOADS, workload
from workloads.checks.facts import Facts
from workloads.checks.general import among_all
from workloads.checks.load import steady
from workloads.metric import Metric
from workloads.stream import STREAM, TTFT
from workloads.workload import Columns, Workload

LATENCY = Metric(name="latency", title="Latency", unit="ms", of=lambda r: r.e2e_ms, quantiles=(0.5,))
PLAIN = Workload(
    name="plain", metrics=(LATENCY,), compared=LATENCY, checks=among_all(steady=[steady(LATENCY)]),
    columns=Columns(main=("latency_p50",)),
)  # fmt: skip


def test_a_request_without_tokens_is_valid_where_none_are_expected(
    back_to_back: Callable[[int, int], list[RequestRecord]],
) -> None:
    bare = [replace(r, documents=None, stages=None) for r in back_to_back(100, 10_000_000)]
    facts = Facts(requests=bare, window=Window(start_ns=0, end_ns=1_000_000_000))
    verdict = Verdict(checks=judge.checks_of(PLAIN, facts))
    assert verdict.valid, verdict.failures
    known = {check.name for check in verdict.checks}
    assert known >= {"failures", "littles-law", "steady-latency"}
    assert not known & {"tokens", "retrieval", "buffering", "steady-ttft"}
    assert not Verdict(checks=judge.checks_of(STREAM, facts)).valid


def test_a_workload_that_is_in_no_catalogue_is_said_to_be_unknown() -> None:
    assert workload("stream") is STREAM
    assert all(name == one.name for name, one in WORKLOADS.items())
    with pytest.raises(RecordError, match=r"no workload is called 'ehco'; this version measures .*stream"):
        workload("ehco")


@pytest.mark.parametrize("changes", [
    {"columns": Columns(main=("latency_p99",))}, {"compared": TTFT},
    {"metrics": (replace(LATENCY, quantiles=(0.95,)),), "columns": Columns(main=("latency_p95",))},
])  # fmt: skip
def test_a_workload_has_the_figures_that_it_shows(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="plain: "):
        replace(PLAIN, **changes)  # type: ignore[arg-type]


def test_a_value_of_a_request_may_be_none_one_or_several(record: Callable[..., RequestRecord]) -> None:
    def metric(of: object) -> Metric:
        return Metric(name="m", title="M", unit="MB/s", of=lambda _: of)  # type: ignore[arg-type, return-value]

    assert [metric(of).values([record()]) for of in (None, 2, [3.0, 4.0], [])] == [[], [2], [3.0, 4.0], []]
    assert metric(1).suffix == "_mb_per_s"
