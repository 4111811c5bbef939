"""Points: what ``--grid`` and ``--concurrency`` take, and what they refuse in one line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.cells.point import Point
from sweep.planning.grid import BASE_LEVELS, Grid, combinations, parse_grid, parse_levels
from sweep.running.errors import UsageError


@given(st.lists(st.integers(1, 500), min_size=1, unique=True))
def test_a_list_of_levels_is_sorted(levels: list[int]) -> None:
    assert parse_levels(",".join(map(str, levels)), None) == (tuple(sorted(levels)), False)


@pytest.mark.parametrize("text", ["0", "-1", "many", "", "1,,x", "1,1", "20000", "0,5"])
def test_nonsense_levels_are_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="--concurrency"):
        parse_levels(text, None)


def test_levels_that_are_all_above_the_most_are_a_usage_error() -> None:
    assert parse_levels("5,20", 10) == ((5,), False)
    with pytest.raises(UsageError, match=r"--concurrency 20 has no .* that MAX_CONCURRENT=10 allows"):
        parse_levels("20", 10)


def test_concurrency_is_short_for_a_grid_of_users() -> None:
    assert parse_grid([], "1,10", None) == parse_grid(["users=1,10"], None, None)
    assert parse_grid([], None, None) == Grid(levels=BASE_LEVELS, auto=True)
    assert parse_grid(["users=auto"], None, 15) == Grid(levels=(1, 10), auto=True)


def test_other_factors_are_combined_in_their_order() -> None:
    grid = parse_grid(["size=1,100", "mode=fast"], "5", None)
    assert grid == Grid(levels=(5,), auto=False, factors=(("size", (1, 100)), ("mode", ("fast",))))
    points = [Point.of({"size": size, "mode": "fast"}) for size in (1, 100)]
    assert list(combinations(grid.factors)) == points
    assert list(combinations(())) == [Point(())]


def test_a_rate_has_no_users() -> None:
    rates = Grid(levels=(), auto=False, factors=(("rate", (10, 0.5)),))
    assert parse_grid(["rate=10,0.5"], None, None) == rates


@pytest.mark.parametrize(("values", "concurrency", "why"), [
    (["size"], None, "--grid takes NAME=V,V"), (["size="], None, "--grid takes NAME=V,V"),
    (["Size=1"], None, "a factor's name takes small letters"),
    (["size=1,"], None, "is no number, nor a word"), (["size=a/b"], None, "is no number, nor a word"),
    (["size=nan"], None, "no finite number"), (["size=1", "size=2"], None, "'size' comes twice"),
    (["users=1"], "2", "--concurrency is short for it"),
    (["users=0"], None, "--grid users takes numbers of users of at least 1, not '0'"),
    (["users=1,1"], None, "--grid users: 1 comes twice; --repeats"),
    (["size=1,2,1"], None, "--grid size: 1 comes twice; --repeats"),
    (["rate=0"], None, "above 0"), (["rate=fast"], None, "above 0"),
    (["rate=1"], "2", "users and rate do not go together: .*; leave out --concurrency .*max-inflight"),
    (["rate=1", "users=2"], None, "leave out --grid users "),
])  # fmt: skip
def test_nonsense_in_a_grid_is_a_usage_error(values: list[str], concurrency: str | None, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parse_grid(values, concurrency, None)
