"""What a sweep decides before it starts anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep import plan as planning
from sweep.plan import Plan, UsageError


def _plan(**changes: object) -> Plan:
    base = {
        "name": "t",
        "targets": planning.parse_targets(["local"]),
        "configs": ("baseline", "mock-both"),
        "levels": (1, 5),
        "auto": False,
    }
    return Plan(**{**base, **changes})  # type: ignore[arg-type]


def test_a_plan_survives_run_json() -> None:
    plan = _plan(settings={"RETRIEVAL": "blocking"}, locust_args=("--think-time", "1"), budget_seconds=90.0)
    assert Plan.from_json(plan.to_json()) == plan


def test_every_cell_once_and_the_order_random_but_the_same_for_a_seed() -> None:
    plan = _plan(levels=(1, 2, 5, 10), repeats=2)
    cells = plan.cells()
    assert len(cells) == len(set(cells)) == 2 * 4 * 2
    first = [c for c in cells if c.repeat == 1]
    assert plan.shuffled(first, 1) == plan.shuffled(list(reversed(first)), 1)
    assert plan.shuffled(first, 1) != sorted(first, key=lambda c: c.path)


def test_at_least_ten_requests_a_user() -> None:
    assert _plan(requests=50).requests_at(2) == 50
    assert _plan(requests=50).requests_at(20) == 200


def test_auto_goes_on_while_throughput_grows_and_stops_when_it_does_not() -> None:
    auto = _plan(auto=True, levels=planning.BASE_LEVELS)
    assert planning.next_level(auto, {10: 50.0, 20: 99.0}) == 30
    assert planning.next_level(auto, {10: 50.0, 20: 52.0}) is None
    assert planning.next_level(auto, {20: 99.0, 30: 130.0}) == 40
    assert planning.next_level(_plan(auto=True, max_level=20), {10: 50.0, 20: 99.0}) is None
    assert planning.next_level(_plan(), {10: 50.0, 20: 99.0}) is None


@given(st.lists(st.integers(1, 500), min_size=1))
def test_a_list_of_levels_is_sorted_and_without_repeats(levels: list[int]) -> None:
    assert planning.parse_levels(",".join(map(str, levels)), None) == (tuple(sorted(set(levels))), False)


@pytest.mark.parametrize("text", ["0", "-1", "many", "", "1,,x"])
def test_nonsense_levels_are_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="--concurrency"):
        planning.parse_levels(text, None)


@pytest.mark.parametrize("text", ["soon", "-5", "0", "5d"])
def test_nonsense_budgets_are_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="--budget"):
        planning.parse_budget(text)


def test_budgets() -> None:
    assert [planning.parse_budget(t) for t in ("90", "90s", "5m", "1h", "none")] == [90, 90, 300, 3600, None]


@pytest.mark.parametrize("value", ["nowhere", "url:ftp://x", "a b=local", "url:http://me:secret@x"])
def test_nonsense_deployments_are_a_usage_error_without_the_secret(value: str) -> None:
    with pytest.raises(UsageError) as caught:
        planning.parse_targets([value])
    assert "secret" not in str(caught.value)


def test_labels_are_never_shared() -> None:
    assert [t.label for t in planning.parse_targets(["local", "k8s=url:http://127.0.0.1:1"])] == [
        "local",
        "k8s",
    ]
    with pytest.raises(UsageError, match="same label"):
        planning.parse_targets(["local", "local"])


@pytest.mark.parametrize("value", ["RETRIEVAL", "retrieval=x", "USE_MOCK_LLM=yes", "OPENAI_API_KEY=sk-1"])
def test_settings_that_cannot_be_set_are_a_usage_error(value: str) -> None:
    with pytest.raises(UsageError) as caught:
        planning.parse_settings([value])
    assert "sk-1" not in str(caught.value)
