"""Points: what ``--grid`` and ``--concurrency`` take, and what they refuse in one line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.cells.point import Point
from sweep.planning.grid import BASE_LEVELS, Grid, combinations, parse_grid, parse_levels
from sweep.planning.regions import parse_regions, regional
from sweep.running.errors import UsageError
from sweep_world import planned


@given(st.lists(st.integers(1, 500), min_size=1, unique=True))
def test_a_list_of_levels_is_sorted(levels: list[int]) -> None:
    assert parse_levels(",".join(map(str, levels)), None) == (tuple(sorted(levels)), False)


def test_nonsense_levels_are_a_usage_error() -> None:
    for text in ("0", "-1", "many", "", "1,,x", "1,1", "20000", "0,5"):
        with pytest.raises(UsageError, match="--concurrency"):
            parse_levels(text, None)
    assert parse_levels("5,20", 10) == ((5,), False)
    with pytest.raises(UsageError, match=r"--concurrency 20 has no .* that MAX_CONCURRENT=10 allows"):
        parse_levels("20", 10)


def test_concurrency_is_short_for_a_grid_of_users_and_a_rate_has_none() -> None:
    assert parse_grid([], "1,10", None) == parse_grid(["users=1,10"], None, None)
    assert parse_grid([], None, None) == Grid(levels=BASE_LEVELS, auto=True)
    assert parse_grid(["users=auto"], None, 15) == Grid(levels=(1, 10), auto=True)
    rates = Grid(levels=(), auto=False, factors=(("rate", (10, 0.5)),))
    assert parse_grid(["rate=10,0.5"], None, None) == rates


def test_other_factors_are_combined_in_their_order() -> None:
    grid = parse_grid(["size=1,100", "mode=fast"], "5", None)
    assert grid == Grid(levels=(5,), auto=False, factors=(("size", (1, 100)), ("mode", ("fast",))))
    points = [Point.of({"size": size, "mode": "fast"}) for size in (1, 100)]
    assert list(combinations(grid.factors)) == points
    assert list(combinations(())) == [Point(())]


@pytest.mark.parametrize(("values", "concurrency", "why"), [
    (["size"], None, "--grid takes NAME=V,V"), (["size="], None, "--grid takes NAME=V,V"),
    (["Size=1"], None, "a factor's name takes small letters"),
    (["size=1,"], None, "is no number, nor a word"), (["size=a/b"], None, "is no number, nor a word"),
    (["size=nan"], None, "no finite number"), (["size=1", "size=2"], None, "'size' comes twice"),
    (["users=1"], "2", "--concurrency is short for it"),
    (["users=0"], None, "--grid users takes numbers of users of at least 1, not '0'"),
    (["users=1,x,3"], None, "--grid users takes 'auto' or a list like 1,5,20, in which 'x' is no number$"),
    ([], "1,,3", "--concurrency takes .* in which '' is no number$"), ([], "1,0,3", "at least 1, not '0'$"),
    ([], "1,10001", "goes up to 10000 users on one machine, not to 10001$"),
    (["rate=1,x,3"], None, "up to 100000, not 'x'$"), (["rate=1,-2.5"], None, "up to 100000, not '-2.5'$"),
    (["users=1,1"], None, "--grid users: 1 comes twice; --repeats"),
    (["size=1,2,1"], None, "--grid size: 1 comes twice; --repeats"),
    (["rate=0"], None, "above 0"), (["rate=fast"], None, "above 0"),
    (["rate=1"], "2", "users and rate do not go together: .*; leave out --concurrency .*max-inflight"),
    (["rate=1", "users=2"], None, "leave out --grid users "),
])  # fmt: skip
def test_nonsense_in_a_grid_is_a_usage_error(values: list[str], concurrency: str | None, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parse_grid(values, concurrency, None)


THREE = "us-east-1=5ms,eu-west-1=35ms/10mbit/0.1%,ap=0.15s/cut@4s"


def test_a_link_is_what_was_written() -> None:
    us, eu, ap = parse_regions(THREE)
    assert (us.name, eu.name, ap.name) == ("us-east-1", "eu-west-1", "ap")
    assert us.words(seed="1")[:-2] == ["--delay", "5ms"]
    loss = ["--delay", "35ms", "--bandwidth", "10mbit", "--loss", "0.1%", "--seed"]
    assert eu.words(seed="1")[:-1] == loss
    assert ap.words(seed="1")[:-1] == ["--delay", "0.15s", "--cut-after", "4s", "--seed"]
    assert len({one.words(seed=seed)[-1] for one in (us, eu) for seed in "12"}) == 4


@pytest.mark.parametrize("text", [
    "us", "us=", "=5ms", "us=5", "us=5ms,", "us=5ms/fast", "us=5ms/1%/2%", "us=5ms/0mbit", "us=5ms/100%",
    "us=5ms,us=6ms", "u s=5ms", "us=-5ms", "us=5ms/cut@x", "us=99999999ms",
])  # fmt: skip
def test_what_is_no_region_is_one_clear_line(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--regions"):
        parse_regions(text)


@pytest.mark.parametrize(("text", "why"), [
    ("us=5ms,eu=xx", "of eu, 'xx' is no delay$"), ("us=5ms,eu", "of eu, '' is no delay$"),
    ("us=5ms,eu=5ms/10mbit/xx", "of eu, 'xx' is no bandwidth, loss or time of a cut$"),
    ("us=5ms/1%/2%", "of us, '2%' is the second of its kind$"), ("us=5ms,,eu=5ms", r"not that \(number 2\)$"),
])  # fmt: skip
def test_it_is_said_which_region_and_what_of_it_is_wrong(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=f"^--regions takes NAME=DELAY.*{why}"):
        parse_regions(text)


def test_each_region_has_a_user_at_least() -> None:
    auto = regional(planned(regions=THREE, workers=2, levels=(1, 10, 20), auto=True))
    assert (auto.processes, auto.levels) == (6, (6, 10, 20))
    assert min(auto.search_levels()) == 6
    plain = planned(levels=(1, 10, 20), auto=True)
    assert regional(plain) is plain
    with pytest.raises(UsageError, match="--concurrency 2 is too few for 3 regions: 3 users or more"):
        regional(planned(regions=THREE, levels=(2, 9), auto=False))
