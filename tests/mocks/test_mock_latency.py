"""The latency model: its mean and spread are the flags', its draws the seed's."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocks.latency import LatencyModel, Plan
from mocks.openai_streams import Service


def model(**changed: float) -> LatencyModel:
    return LatencyModel(**{"ttft_ms": 100.0, "itl_ms": 5.0, "jitter": 0.1, "seed": 0} | changed)


def plans(model: LatencyModel, count: int) -> list[Plan]:
    return [model.plan(model.random(number), 32) for number in range(1, count + 1)]


def test_mean_and_spread_are_the_stated_ones() -> None:
    drawn = plans(model(jitter=0.25), 3000)
    ttft_s, gaps_s = [plan.ttft_s for plan in drawn], [gap for plan in drawn for gap in plan.gaps_s]
    for drawn_s, mean_s, within in ((ttft_s, 0.1, 0.02), (gaps_s, 0.005, 0.01)):
        assert statistics.fmean(drawn_s) == pytest.approx(mean_s, rel=within)
        assert statistics.pstdev(drawn_s) == pytest.approx(mean_s / 4, rel=3 * within)


def test_a_request_is_planned_the_same_whatever_went_before() -> None:
    alone = model(seed=7)
    assert alone.plan(alone.random(3), 32) == plans(model(seed=7), 3)[2]
    assert plans(model(seed=7), 3) != plans(model(seed=8), 3)
    assert len({plan.ttft_s for plan in plans(model(), 100)}) == 100


def test_without_jitter_all_is_exact() -> None:
    [plan] = plans(model(jitter=0.0), 1)
    assert plan == Plan(ttft_s=0.1, gaps_s=(0.005,) * 31)


@given(st.floats(0, 1000), st.floats(0, 100), st.floats(0, 2), st.integers(1, 50))
def test_tokens_are_due_in_order(ttft_ms: float, itl_ms: float, jitter: float, tokens: int) -> None:
    latency = model(ttft_ms=ttft_ms, itl_ms=itl_ms, jitter=jitter)
    due = latency.plan(latency.random(1), tokens).due_s(1000.0)
    assert len(due) == tokens
    assert [1000.0, *due] == sorted([1000.0, *due])


def test_a_slower_answer_is_slower_as_a_whole_and_planned_the_same() -> None:
    [plan] = plans(model(), 1)
    due, slower = plan.due_s(7.0), plan.due_s(7.0, 2.5)
    assert [late - 7 for late in slower] == pytest.approx([2.5 * (soon - 7) for soon in due])


def test_an_answer_is_slower_for_each_other_one_that_runs() -> None:
    service = Service(model=model(), tokens=1, slower_per_answer=0.1)
    for service.running, slowness in ((1, 1), (20, 2.9)):
        assert service.slowness == pytest.approx(slowness)
