"""Objectives of a workload without tokens: its own metrics, and no others."""

import math
from collections.abc import Callable

import pytest

from loadgen.shapes.slo import Part, Slo
from records.cells.request import RequestRecord
from workloads.metric import Metric
from workloads.workload import Workload

LATENCY = Metric(
    name="latency", title="Latency", unit="ms", of=lambda r: r.e2e_ms, quantiles=(0.5,), until="end"
)
SPEED = Metric(
    name="speed", title="Speed", unit="MB/s", of=lambda r: r.values.get("speed"), quantiles=(0.5,),
    higher_is_better=True,
)  # fmt: skip
COUNT = Metric(name="texts", title="Texts", unit="", of=lambda r: r.values.get("texts"), mean=True)
DOWNLOADS = Workload(name="downloads", metrics=(LATENCY, SPEED, COUNT), compared=LATENCY, checks=())
Record = Callable[..., RequestRecord]


def test_answers_without_a_token_keep_an_objective_on_their_latency(record: Record) -> None:
    slo = Slo.parse("latency:500", DOWNLOADS)
    assert slo.figures(record()) == [10]
    assert slo.figures(record(outcome="timeout")) == [math.inf]
    judged = slo.judge([Part(seconds=10, ended=[(1.0, slo.figures(record()))] * 100, waiting=[])])
    assert (judged.met, judged.missed, judged.failures, judged.goodput) == (True, False, 0, 10)
    hanging = slo.judge([Part(seconds=10, ended=[], waiting=[(501.0, None)] * 100)])
    assert (hanging.missed, hanging.overdue) == (True, 100)
    assert slo.known_after_s == 0.5


def test_what_it_has_not_is_refused_and_what_it_has_is_named() -> None:
    with pytest.raises(ValueError, match=r"'ttft' is none of latency, speed, percentile$"):
        Slo.parse("ttft:500", DOWNLOADS)
    with pytest.raises(ValueError, match="names no bound, as does latency:500 percentile:95"):
        Slo.parse("", DOWNLOADS)


def test_where_more_is_better_a_bound_is_the_least_that_answers_may_have(record: Record) -> None:
    slo = Slo.parse("speed:20 percentile:90", DOWNLOADS)
    assert (str(slo), slo.heads) == ("speed>=20 MB/s at p90", {"speed": "speed p10"})

    def judged(*speeds: float, waiting: int = 0) -> tuple[bool, bool, float | None]:
        ended = [(0.1, slo.figures(record(values={"speed": speed}))) for speed in speeds]
        found = slo.judge([Part(seconds=10, ended=ended, waiting=[(900.0, None)] * waiting)])
        return found.met, found.missed, found.percentiles["speed"]

    assert judged(*[30.0] * 100) == (True, False, 30)
    assert judged(*[30.0] * 80, *[10.0] * 20) == (False, True, 10)
    assert judged(*[30.0] * 2, waiting=50) == (False, False, 30)  # those in flight may be quick
    failed = slo.figures(record(outcome="http_error"))
    found = slo.judge([Part(seconds=10, ended=[(0.1, failed)] * 40, waiting=[])])
    assert (found.missed, found.failures, found.percentiles) == (True, 40, {"speed": 0})


def test_only_milliseconds_are_waited_for() -> None:
    with pytest.raises(ValueError, match="measured in ms, not 's'"):
        Metric(name="latency", title="Latency", unit="s", of=lambda r: r.e2e_ms / 1e3, until="end")
