"""Where ``auto`` goes on, and where it stops."""

from sweep.knee import Search, next_level
from sweep.options import parse_targets
from sweep.plan import BASE_LEVELS, ONWARD_LEVELS, CellKey, Plan

PLAN = Plan(
    name="t",
    targets=parse_targets(["local"]),
    configs=("baseline", "mock-both"),
    levels=BASE_LEVELS,
    auto=True,
)


def _key(config: str, level: int, repeat: int = 1) -> CellKey:
    return CellKey(deployment="local", config=config, concurrency=level, repeat=repeat)


def test_on_while_throughput_grows_and_no_further() -> None:
    assert next_level(ONWARD_LEVELS, {10: 50.0, 20: 99.0}) == 30
    assert next_level(ONWARD_LEVELS, {10: 50.0, 20: 52.0}) is None
    assert next_level(ONWARD_LEVELS, {20: 99.0, 30: 130.0}) == 40
    assert next_level(ONWARD_LEVELS, {20: 99.0, 320: 130.0}) is None
    assert next_level(ONWARD_LEVELS, {}) is None
    assert next_level((), {10: 50.0, 20: 99.0}) is None


def test_a_dip_is_no_growth_though_the_level_before_is_passed() -> None:
    assert next_level(ONWARD_LEVELS, {10: 100.0, 20: 80.0, 30: 95.0}) is None


def test_each_configuration_goes_its_own_way_and_the_second_repeat_follows() -> None:
    search = Search(plan=PLAN)
    for level in BASE_LEVELS:
        search.took(_key("baseline", level), 10.0 * level)
        search.took(_key("mock-both", level), 100.0)
    assert search.next_cells() == [_key("baseline", 30)]
    assert search.added_cells(2) == []
    search.took(_key("baseline", 30), 210.0)
    assert search.next_cells() == []
    assert search.added_cells(2) == [_key("baseline", 30, repeat=2)]


def test_only_the_first_repeat_decides() -> None:
    search = Search(plan=PLAN)
    search.took(_key("baseline", 10, repeat=2), 50.0)
    assert search.next_cells() == []


def test_where_nobody_gets_an_answer_no_more_users_ask() -> None:
    search = Search(plan=PLAN)
    search.took(_key("baseline", 10), 90.0)
    search.took(_key("baseline", 15), 0.0, answered=False)
    assert not search.pointless(_key("baseline", 10, repeat=2))
    assert search.pointless(_key("baseline", 15, repeat=2))
    assert search.pointless(_key("baseline", 20))
    assert not search.pointless(_key("mock-both", 20))
    search.took(_key("mock-both", 1), 0.0, answered=False)
    assert search.next_cells() == []
