"""Factors that are a scenario's options: asked of the scenario, handed on, refused before anything starts."""

import pytest

from records.point import Point
from records.variants import MOCKS
from sweep.options import parse_targets
from sweep.plan import Plan
from sweep.running.usage import UsageError
from sweep.scenario import check_scenario, words


def _plan(*grid: tuple[str, tuple[int, ...]], scenario: str = "stream", args: tuple[str, ...] = ()) -> Plan:
    return Plan(
        name="t",
        targets=parse_targets(["local"]),
        variants=(MOCKS["baseline"],),
        levels=(1,),
        auto=False,
        grid=grid,
        scenario=scenario,
        locust_args=args,
    )


def test_the_scenario_itself_says_its_options() -> None:
    check_scenario(_plan(("max-tokens", (1, 2)), ("max_inflight", (1,))))
    for name, why in (
        ("sise", "the scenario stream has no option --sise that takes a value"),
        ("no-rag", "the scenario stream has no option --no-rag that takes a value"),
        ("requests", "what the sweep itself says"),
    ):
        with pytest.raises(UsageError, match=why):
            check_scenario(_plan((name, (1,))))


@pytest.mark.parametrize("name", ["moon", "../stream", "steps"])
def test_what_is_no_scenario_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"there is no such file|is no scenario"):
        check_scenario(_plan(scenario=name))


def test_what_contradicts_is_refused() -> None:
    with pytest.raises(UsageError, match="contradict each other"):
        check_scenario(_plan(("max-tokens", (1, 2)), args=("--max-tokens=5",)))
    with pytest.raises(UsageError, match="--arrival closed does not go with it"):
        check_scenario(_plan(("rate", (1,)), args=("--arrival", "closed")))


def test_a_point_is_what_locust_is_told() -> None:
    assert words(_plan(), Point.of_users(5)) == []
    assert words(_plan(), Point.of({"max_tokens": 5, "users": 1})) == ["--max-tokens", "5"]
    assert words(_plan(), Point.of({"rate": 20})) == ["--arrival", "constant", "--rate", "20"]
    assert words(_plan(args=("--arrival", "poisson")), Point.of({"rate": 0.5})) == ["--rate", "0.5"]
    plan = Plan.from_json({**_plan().to_json(), "workers": 2})
    assert words(plan, Point.of_users(5))[:2] == ["--processes", "2"]
