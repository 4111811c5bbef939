"""Where a knee is predicted, the search goes to it and through it."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.figures.knee import knee_index
from sweep.choosing.foreseen import foreseen_knee
from sweep.choosing.search import Search
from sweep.planning.auto_levels import around, through
from sweep.planning.grid import BASE_LEVELS
from sweep_world import key_of, plan_of

PLAN = plan_of("local", levels=BASE_LEVELS, auto=True)
[SERIES] = PLAN.series


def searched(limit: float, predicted: int | None) -> dict[int, float]:
    """All that is measured of a service that serves so many at a time."""
    search = Search(plan=PLAN)
    keys = [key_of(users, deployment="local") for users in BASE_LEVELS]
    search.foresee(SERIES, predicted)
    while keys:
        for key in keys:
            search.took(key, min(key.concurrency, limit))
        keys = search.next_cells()
    return dict(sorted((key.concurrency, rps or 0.0) for key, rps in search.throughput.items()))


@pytest.mark.parametrize("limit", [3, 12, 66, 200])
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


@pytest.mark.parametrize("limit", [3, 6, 14, 66, 130, 200])
def test_a_right_prediction_saves_cells_and_is_measured_itself(limit: int) -> None:
    found = searched(limit, limit)
    assert limit in found
    assert len(found) <= len(searched(limit, None)) + (limit < 20)


def test_levels_of_a_prediction_do_not_crowd_those_that_are_there() -> None:
    assert through(22, 20) == (33, 66, 132, 264)
    assert through(66, 20) == (66, 99, 198)
    assert through(6, 20) == ()
    assert around(None) == ()
    assert max(PLAN.search_levels(250)) == 320
    assert PLAN.onward_levels(66) == (66, 99, 198, 320)
    assert PLAN.onward_levels(6) == PLAN.onward_levels()
    assert PLAN.search_levels(6) == (1, 2, 3, 4, 5, 6, 10, 15, 20, 30, 40, 60, 80, 120, 160, 240, 320)


def test_a_prediction_that_came_to_nothing_is_taken_back() -> None:
    search = Search(plan=PLAN)
    search.foresee(SERIES, 66)
    search.foresee(SERIES, None)
    assert not search.knees


def test_what_cannot_be_read_predicts_nothing(tmp_path: Path) -> None:
    assert foreseen_knee(tmp_path, [tmp_path / "missing"]) is None
