"""Which cells follow from those that were measured, and in which order."""

import random
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.services.variants import MOCKS
from reports.figures.knee import knee_index
from sweep.choosing.search import Search
from sweep.planning.grid import BASE_LEVELS
from sweep.planning.plan import CellKey, Plan
from sweep_world import key_of, plan_of


def _plan(*configs: str, **changes: Any) -> Plan:
    variants = tuple(MOCKS[name] for name in configs)
    return plan_of("local", **{"variants": variants, "levels": BASE_LEVELS, "auto": True, **changes})


PLAN = _plan("baseline", "mock-both")


def _key(config: str, level: int, repeat: int = 1) -> CellKey:
    return key_of(level, repeat, "local", config)


def _took(config: str, of: dict[int, float | None], search: Search | None = None) -> Search:
    search = search or Search(plan=_plan(config))
    for level, rps in of.items():
        search.took(_key(config, level), rps)
    return search


def test_nothing_follows_before_the_levels_that_all_configurations_share() -> None:
    search = _took("baseline", {1: 10.0, 10: 100.0}, Search(plan=PLAN))
    assert search.next_cells() == []
    search.took(_key("baseline", 20), 200.0)
    assert search.next_cells() == [_key("baseline", 40)]


def test_each_configuration_goes_its_own_way_and_the_second_repeat_follows() -> None:
    search = Search(plan=PLAN)
    for level in BASE_LEVELS:
        search.took(_key("baseline", level), 10.0 * level)
        search.took(_key("mock-both", level), 100.0)
    assert search.next_cells() == [_key("baseline", 40), _key("mock-both", 3)]
    search.took(_key("baseline", 40), 200.0)
    assert {key.concurrency for key in search.cells(2) if key.config == "baseline"} == {*BASE_LEVELS, 40}
    assert {key.concurrency for key in search.cells(2) if key.config == "mock-both"} == {*BASE_LEVELS}


def test_only_the_first_repeat_leads_on() -> None:
    search = Search(plan=PLAN)
    for level in BASE_LEVELS:
        search.took(_key("baseline", level, repeat=2), 10.0 * level)
    assert search.next_cells() == []


def test_a_cell_that_is_measured_again_counts_as_it_was_last() -> None:
    search = _took("baseline", {1: 10.0, 10: 100.0, 20: None})
    assert search.next_cells() == [_key("baseline", 15)]
    search.took(_key("baseline", 20), 200.0)
    assert search.next_cells() == [_key("baseline", 40)]


def test_where_nobody_gets_an_answer_no_more_users_ask() -> None:
    search = Search(plan=PLAN)
    search.took(_key("baseline", 1), 10.0)
    search.took(_key("baseline", 10), 0.0, answered=False)
    assert not search.pointless(_key("baseline", 1, repeat=2))
    assert search.pointless(_key("baseline", 10, repeat=2))
    assert search.pointless(_key("baseline", 20))
    assert not search.pointless(_key("mock-both", 20))
    search.took(_key("mock-both", 1), 0.0, answered=False)
    assert search.next_cells() == [_key("baseline", 3)]  # between what answers and what does not


def test_the_later_repeats_begin_with_what_decides_and_know_all_that_was_measured() -> None:
    search = _took("baseline", {1: 1.0, 10: 10.0, 15: 15.0, 20: 15.0, 40: 15.0})
    assert search.next_cells() == []
    waiting = set(search.cells(2))
    order = []
    while batch := search.foremost(waiting):
        order.append({key.concurrency for key in batch})
        waiting -= set(batch)
    assert order == [{10, 15, 20}, {40}, {1}] or order == [{10, 15, 20}, {1, 40}]
    # Had the first repeat been too low at 10 users, the second would have gone on with 1 and 10.
    search.took(_key("baseline", 10, repeat=2), 20.0)
    assert {key.concurrency for key in search.foremost(search.cells(2))} == {1, 10, 15}


def test_a_list_of_levels_is_one_batch() -> None:
    search = Search(plan=_plan("baseline", levels=(1, 5, 9), auto=False))
    for repeat in (1, 2):
        assert set(search.foremost(search.cells(repeat))) == set(search.cells(repeat))
        for key in search.cells(repeat):
            search.took(key, 1.0)
    assert search.next_cells() == []
    assert search.expected_cells() == len(search.throughput) == 6


def test_repeats_of_what_the_target_failed_everywhere_are_pointless() -> None:
    search, of = Search(plan=_plan("baseline", levels=(1, 2), auto=False, repeats=3)), "baseline"
    search.took(_key(of, 1), None, failed="no tokens")
    assert search.hopeless(_key(of, 1).series) == "no tokens"
    assert [search.pointless(_key(of, 2, repeat)) for repeat in (1, 2, 3)] == [False, True, True]
    search.took(_key(of, 2), 5.0)
    assert not search.pointless(_key(of, 1, 2))


@given(st.data())
def test_it_ends_and_asks_no_cell_twice_nor_above_one_that_had_no_answer(data: st.DataObject) -> None:
    search = Search(plan=PLAN)
    waiting = search.cells(1)
    asked: set[CellKey] = set()
    while waiting:
        for key in search.foremost(waiting):
            if search.pointless(key):
                continue
            assert key not in asked
            below = (k for k in asked if k.series == key.series and k.concurrency <= key.concurrency)
            assert not any(search.pointless(k) for k in below)
            asked.add(key)
            rps = data.draw(st.one_of(st.none(), st.floats(0.1, 5000.0)))
            search.took(key, rps, answered=data.draw(st.integers(0, 9)) > 0)
            assert search.expected_cells() >= len(asked)
        waiting = search.next_cells()
    resumed = Search(plan=PLAN)  # reading the same cells leads to the same end
    for key in asked:
        resumed.throughput[key] = search.throughput[key]
    resumed.unanswered.update(search.unanswered)
    assert resumed.next_cells() == []


@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_four_configurations_have_their_knees_twice_within_35_cells(noise: float) -> None:
    """As they are on a slow machine with two cores, whatever the exact knee: in the mean of many."""
    poisson = random.Random(7)
    spans = {"baseline": (25, 35), "mock-embeddings": (38, 62), "mock-llm": (12, 18), "mock-both": (2, 15)}
    counts, missed = [], 0
    for _ in range(100):
        limits = {config: poisson.uniform(*span) for config, span in spans.items()}
        search = Search(plan=_plan(*MOCKS))

        keys, first = search.foremost(search.cells(1)), True
        while keys:
            for key in keys:
                search.took(key, min(key.concurrency, limits[key.config]) * poisson.gauss(1.0, noise))
            keys = search.next_cells() if first else []
            if first and not keys:
                keys, first = search.foremost(search.cells(2)), False
        counts.append(len(search.throughput))
        missed += sum(_knee(search, config) is None for config in MOCKS)
    assert fmean(counts) <= 35
    assert max(counts) <= 46
    assert missed <= 4  # of 400


def _knee(search: Search, config: str) -> int | None:
    """By the means of all repeats, as a report has them."""
    levels: dict[int, list[float]] = {}
    for key, rps in search.throughput.items():
        if key.config == config:
            levels.setdefault(key.concurrency, []).append(rps or 0.0)
    return knee_index([fmean(levels[level]) for level in sorted(levels)])
