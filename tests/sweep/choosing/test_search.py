"""Which cells follow from those that were measured, and in which order; and through a prediction."""

import random
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.services.variants import MOCKS
from reports.figures.knee import knee_index
from sweep.choosing.foreseen import foreseen_knee
from sweep.choosing.search import Search
from sweep.planning.auto_levels import around, through
from sweep.planning.grid import BASE_LEVELS
from sweep.planning.plan import CellKey, Plan
from sweep_world import key_of, plan_of


def _plan(*configs: str, **changes: Any) -> Plan:
    variants = tuple(MOCKS[name] for name in configs)
    return plan_of("local", **{"variants": variants, "levels": BASE_LEVELS, "auto": True, **changes})


ONE, TWO = _plan("baseline"), _plan("baseline", "mock-both")
LIST = {"levels": (1, 2), "auto": False}
SHARED: dict[int, float | None] = {level: 10.0 * level for level in BASE_LEVELS}


def _key(level: int, repeat: int = 1, config: str = "baseline") -> CellKey:
    return key_of(level, repeat, "local", config)


def _took(plan: Plan, of: dict[int, float | None], repeat: int = 1) -> Search:
    search = Search(plan=plan)
    for level, rps in of.items():
        search.took(_key(level, repeat), rps)
    return search


def _users(keys: list[CellKey]) -> set[int]:
    return {key.concurrency for key in keys}


def test_nothing_follows_before_the_levels_that_all_configurations_share_in_the_first_repeat() -> None:
    search = _took(TWO, {1: 10.0, 10: 100.0})
    assert search.next_cells() == []
    search.took(_key(20), 200.0)
    assert search.next_cells() == [_key(40)]
    assert _took(TWO, SHARED, repeat=2).next_cells() == []


def test_each_configuration_goes_its_own_way_and_the_second_repeat_follows() -> None:
    search = _took(TWO, SHARED)
    for level in BASE_LEVELS:
        search.took(_key(level, config="mock-both"), 100.0)
    assert search.next_cells() == [_key(40), _key(3, config="mock-both")]
    search.took(_key(40), 200.0)
    assert _users([key for key in search.cells(2) if key.config == "baseline"]) == {*BASE_LEVELS, 40}
    assert _users([key for key in search.cells(2) if key.config == "mock-both"]) == {*BASE_LEVELS}


def test_a_cell_that_is_measured_again_counts_as_it_was_last() -> None:
    search = _took(ONE, {**SHARED, 20: None})
    assert search.next_cells() == [_key(15)]
    search.took(_key(20), 200.0)
    assert search.next_cells() == [_key(40)]


def test_where_nobody_gets_an_answer_no_more_users_ask() -> None:
    search = _took(TWO, {1: 10.0})
    search.took(_key(10), 0.0, answered=False)
    asked = (_key(1, 2), _key(10, 2), _key(20), _key(20, config="mock-both"))
    assert [search.pointless(key) for key in asked] == [False, True, True, False]
    search.took(_key(1, config="mock-both"), 0.0, answered=False)
    assert search.next_cells() == [_key(3)]  # between what answers and what does not


def test_repeats_of_what_the_target_failed_everywhere_are_pointless() -> None:
    search = Search(plan=_plan("baseline", **LIST, repeats=3))
    search.took(_key(1), None, failed="no tokens")
    assert search.always_failed(_key(1).series) == "no tokens"
    why = "the target failed every cell of the first repeat: no tokens"
    assert [search.why_pointless(_key(2, repeat)) for repeat in (1, 2, 3)] == [None, why, why]
    search.took(_key(2), 5.0)
    assert not search.pointless(_key(1, 2))


def test_the_later_repeats_begin_with_what_decides_and_know_all_that_was_measured() -> None:
    search = _took(ONE, {1: 1.0, 10: 10.0, 15: 15.0, 20: 15.0, 40: 15.0})
    assert search.next_cells() == []
    waiting, order = set(search.cells(2)), []
    while batch := search.foremost(waiting):
        order.append(_users(batch))
        waiting -= set(batch)
    assert order == [{10, 15, 20}, {40}, {1}] or order == [{10, 15, 20}, {1, 40}]
    # Had the first repeat been too low at 10 users, the second would have gone on with 1 and 10.
    search.took(_key(10, 2), 20.0)
    assert _users(search.foremost(search.cells(2))) == {1, 10, 15}


def test_after_rates_nothing_is_looked_for() -> None:
    plan = _plan("baseline", levels=(), auto=False, grid=(("rate", (2, 40)),), repeats=1)
    search = Search(plan=plan)
    for key in search.cells(1):
        search.took(key, 1.0)
    assert (len(search.throughput), search.next_cells(), plan.onward_levels()) == (2, [], ())


def test_a_list_of_levels_is_one_batch() -> None:
    search = Search(plan=_plan("baseline", **LIST))
    for repeat in (1, 2):
        assert set(search.foremost(search.cells(repeat))) == set(search.cells(repeat))
        for key in search.cells(repeat):
            search.took(key, 1.0)
    assert search.next_cells() == []
    assert search.expected_cells() == len(search.throughput) == 4


@given(st.data())
def test_it_ends_and_asks_no_cell_twice_nor_above_one_that_had_no_answer(data: st.DataObject) -> None:
    search = Search(plan=TWO)
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
    resumed = Search(plan=TWO)  # reading the same cells leads to the same end
    resumed.throughput.update({key: search.throughput[key] for key in asked})
    resumed.unanswered.update(search.unanswered)
    assert resumed.next_cells() == []


@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_four_configurations_have_their_knees_twice_within_35_cells(noise: float) -> None:
    """As they are on a slow machine with two cores, whatever the exact knee: in the mean of many."""
    chance = random.Random(7)
    spans = {"baseline": (25, 35), "mock-embeddings": (38, 62), "mock-llm": (12, 18), "mock-both": (2, 15)}
    counts, missed = [], 0
    for _ in range(100):
        limits = {config: chance.uniform(*span) for config, span in spans.items()}
        search = Search(plan=_plan(*MOCKS))

        def measure(keys: list[CellKey], search: Search = search, limits: dict[str, float] = limits) -> None:
            for key in keys:
                search.took(key, min(key.concurrency, limits[key.config]) * chance.gauss(1.0, noise))

        measure(search.foremost(search.cells(1)))
        while keys := search.next_cells():
            measure(keys)
        measure(search.foremost(search.cells(2)))
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


# -- where a knee is predicted, the search goes to it and through it


def searched(limit: float, predicted: int | None) -> dict[int, float]:
    """All that is measured of a service that serves so many at a time."""
    search, keys = Search(plan=ONE), [_key(users) for users in BASE_LEVELS]
    search.foresee(ONE.series[0], predicted)
    while keys:
        for key in keys:
            search.took(key, min(key.concurrency, limit))
        keys = search.next_cells()
    return dict(sorted((key.concurrency, rps or 0.0) for key, rps in search.throughput.items()))


@pytest.mark.parametrize("limit", [3, 12, 25, 66, 130, 200])
@pytest.mark.parametrize("wrong", [0.5, 0.8, 1.0, 1.25, 2.0])
def test_it_drives_through_the_prediction_and_mends_a_wrong_one(limit: int, wrong: float) -> None:
    found = searched(limit, round(limit * wrong))
    levels = list(found)
    at = knee_index(list(found.values()))
    assert at is not None
    assert levels[at] <= 2 * levels[at - 1]
    assert levels[at + 1] <= 2 * levels[at]
    assert levels[at - 1] < limit < levels[at + 1]
    assert len(found) <= 9
    if wrong == 1.0:  # a right one saves cells and is measured itself
        assert limit in found
        assert len(found) <= len(searched(limit, None)) + (limit < 20)


def test_levels_of_a_prediction_do_not_crowd_those_that_are_there() -> None:
    assert [through(66, 20), through(22, 20), through(6, 20)] == [(66, 99, 198), (33, 66, 132, 264), ()]
    assert around(None) == ()
    assert max(ONE.search_levels(250)) == 320
    assert ONE.onward_levels(66) == (66, 99, 198, 320)
    assert ONE.onward_levels(6) == ONE.onward_levels()
    assert ONE.search_levels(6) == (1, 2, 3, 4, 5, 6, 10, 15, 20, 30, 40, 60, 80, 120, 160, 240, 320)


def test_a_prediction_that_came_to_nothing_is_taken_back(tmp_path: Path) -> None:
    search = Search(plan=ONE)
    search.foresee(ONE.series[0], 66)
    search.foresee(ONE.series[0], None)
    assert not search.knees
    assert foreseen_knee(tmp_path, [tmp_path / "missing"]) is None
