"""Where the search for a knee goes on, what it fills in, and where it stops."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.figures.knee import knee_index
from sweep.choosing.knee import SURE_GROWTH, Outcomes, deciding_levels, next_level
from sweep.planning.auto_levels import BETWEEN_LEVELS, ONWARD_LEVELS
from sweep.planning.grid import BASE_LEVELS

LEVELS = tuple(sorted((*BASE_LEVELS, *ONWARD_LEVELS, *BETWEEN_LEVELS)))


def _next(found: Outcomes) -> int | None:
    return next_level(LEVELS, ONWARD_LEVELS, found)


@pytest.mark.parametrize(("found", "level"), [
    ({1: 1.0, 10: 10.0, 20: 20.0}, 40),  # it grows with the users
    ({1: 1.0, 10: 10.0, 20: 15.0}, 15),  # it grew by less: the limit was met on the way
    ({1: 1.0, 10: 10.0, 20: 17.5}, 15),  # and so does a report call it
    ({1: 1.0, 10: 10.0, 15: 15.0, 20: 15.5}, 30),  # 15, but one noisy cell at 20 could hide growth
    ({1: 1.0, 10: 10.0, 15: 15.0, 20: 15.0, 30: 15.0}, None),  # 15, with 10 and 20 beside it
    ({1: 1.0, 10: 10.0, 20: 20.0, 40: 20.0}, 15),  # 20, and a wide gap below
    ({1: 1.0, 10: 2.0, 20: 2.0}, 2),  # 10 so far, but 2 could be enough
    ({1: 1.0, 2: 2.0, 10: 2.0, 20: 2.0}, 5),  # 2, and a wide gap above
    ({1: 2.0, 10: 2.0, 20: 2.0}, 3),  # 1, so far
    ({1: 1.0, 10: 10.0, 20: 20.0, 30: 30.0, 40: 32.5}, 60),  # 30, but a repeat could call it growth
    ({1: 1.0, 10: 10.0, 20: 20.0, 40: 40.0, 80: 80.0, 160: 160.0, 320: 320.0}, None),
    ({}, None),
    # What is not valid decides nothing.
    ({1: None, 10: None, 20: None}, None),
    ({1: 1.0, 10: 10.0, 20: 20.0, 40: None}, 30),  # no higher than what broke
    ({1: 1.0, 10: 10.0, 20: 20.0, 30: 30.0, 40: None}, None),
    ({1: 1.0, 10: None, 20: 20.0}, 40),
])  # fmt: skip
def test_on_while_throughput_grows_then_into_the_gaps(found: Outcomes, level: int | None) -> None:
    assert _next(found) == level


rps = st.one_of(st.none(), st.floats(0.1, 5000.0))


@given(st.lists(rps, min_size=len(LEVELS), max_size=len(LEVELS)))
def test_it_ends_asks_no_level_twice_and_climbs_in_order(rps_of: list[float | None]) -> None:
    world = dict(zip(LEVELS, rps_of, strict=True))
    found: dict[int, float | None] = {level: world[level] for level in BASE_LEVELS}
    while (level := _next(found)) is not None:
        assert level in LEVELS
        assert level not in found
        # Only what lies between known levels is asked late; above them it goes up, and never past one
        # that gave no valid cell.
        if level > max(found):
            assert found[max(found)] is not None
        found[level] = world[level]
    known = sorted(n for n, x in found.items() if x is not None)
    at = knee_index([found[n] or 0.0 for n in known])
    if at is not None:
        assert {known[at], known[at + 1]} <= deciding_levels(found)


@given(st.floats(1.2, 120.0), st.sampled_from([None, 4.0]))
def test_it_brackets_the_knee_of_any_service_closely_and_a_repeat_would_find_it_again(
    limit: float, softness: float | None
) -> None:
    def throughput(users: int) -> float:
        if softness is None:
            return min(users, limit)
        return users / (1 + (users / limit) ** softness) ** (1 / softness)

    found = {level: throughput(level) for level in BASE_LEVELS}
    while (level := _next(found)) is not None:
        found[level] = throughput(level)
    levels = sorted(found)
    at = knee_index([found[n] for n in levels])
    assert at is not None
    assert at == 0 or levels[at] <= 2 * levels[at - 1]
    assert levels[at + 1] <= 2 * levels[at]
    assert len(levels) <= 9
    others = max(found[n] for n in levels[:-1])
    assert levels[-1] == LEVELS[-1] or found[levels[-1]] <= SURE_GROWTH * others


def test_the_knee_and_its_neighbours_decide_and_what_gave_no_valid_cell_above_them() -> None:
    assert deciding_levels({1: 1.0, 10: 10.0, 15: 15.0, 20: 15.0, 40: 15.0}) == {10, 15, 20}
    assert deciding_levels({1: 1.0, 10: 10.0, 20: 10.0, 30: None, 5: None, 2: 2.0}) == {2, 10, 20, 5, 30}
    assert deciding_levels({1: 1.0, 10: 10.0, 20: 20.0, 40: None}) == {10, 20, 40}
    assert deciding_levels({1: None}) == {1}
    assert deciding_levels({}) == set()
