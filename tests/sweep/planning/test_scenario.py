"""Factors that are a scenario's options: asked of the scenario, handed on, refused before anything starts."""

from pathlib import Path

import pytest

from records.cells.point import Point, Value
from records.services.variants import MOCKS
from sweep.planning import scenario
from sweep.planning.factors import check_scenario
from sweep.planning.load_words import words
from sweep.planning.plan import Plan
from sweep.running.errors import UsageError
from sweep_world import plan_of


def _plan(*grid: tuple[str, tuple[Value, ...]], scenario: str = "stream", args: tuple[str, ...] = ()) -> Plan:
    return plan_of("local", variants=(MOCKS["baseline"],), grid=grid, scenario=scenario, locust_args=args)


def test_the_scenario_itself_says_its_options() -> None:
    check_scenario(_plan(("max-tokens", (1, 2)), ("max_inflight", (1,))))
    for name, why in (
        ("max-tokns", r"stream has no option --max-tokns that takes a value \(--max-tokens\?\)"),
        ("no-rag", "the scenario stream has no option --no-rag that takes a value"),
        ("requests", "what the sweep itself says"),
    ):
        with pytest.raises(UsageError, match=why):
            check_scenario(_plan((name, (1,))))


@pytest.mark.parametrize("name", ["moon", "../stream", "steps"])
def test_what_is_no_scenario_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"no such scenario; there (is|are) .*stream|is no scenario"):
        check_scenario(_plan(scenario=name))


def test_a_locustfile_that_cannot_be_loaded_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenario, "FOLDER", tmp_path)
    for text, why in (
        ("import no_such_thing", "broken.py cannot be loaded: ModuleNotFoundError: No module named"),
        ("print('[', 1/0", "broken.py cannot be loaded: SyntaxError: "),
        ("print('[1]')", "broken.py is no scenario$"),
        ("raise SystemExit", "broken.py does not say its options$"),
    ):
        (tmp_path / "broken.py").write_text(text)
        with pytest.raises(UsageError, match=why) as caught:
            check_scenario(_plan(scenario="broken"))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("grid", "args", "why"),
    [
        ([("max-tokens", (5, -1))], (), "--max-tokens wants a whole number of at least 0, not '-1'"),
        ([("max-tokens", ("abc",))], (), "--max-tokens wants a whole number of at least 0, not 'abc'"),
        ([("arrival", ("poisson",))], (), "--arrival poisson wants a --rate"),
        ([("rate", (5,))], ("--think-time", "1"), "--think-time is of closed loops"),
        ([], ("--think-tim", "soon"), "--think-time wants a number of at least 0, not 'soon'"),
        ([], ("--no-such-flag", "sk-hidden"), "neither it nor locust has an option '--no-such-flag'$"),
        ([], ("stray",), "neither it nor locust has an option for a word that follows none"),
    ],
)
def test_what_the_load_would_refuse_is_refused_before_anything_starts(
    grid: list[tuple[str, tuple[Value, ...]]], args: tuple[str, ...], why: str
) -> None:
    with pytest.raises(UsageError, match=f"^the scenario stream: {why}"):
        check_scenario(_plan(*grid, args=args))


def test_what_contradicts_is_refused() -> None:
    with pytest.raises(UsageError, match="contradict each other"):
        check_scenario(_plan(("max-tokens", (1, 2)), args=("--max-tokens=5",)))
    with pytest.raises(UsageError, match="--max-tokens is a factor already"):
        check_scenario(_plan(("max-tokens", (1,)), ("max_tokens", (2,))))
    with pytest.raises(UsageError, match="--rate wants --arrival constant or poisson"):
        check_scenario(_plan(("rate", (1,)), args=("--arrival", "closed")))


def test_a_point_is_what_locust_is_told() -> None:
    assert words(_plan(), Point.of_users(5)) == []
    assert words(_plan(), Point.of({"max_tokens": 5, "users": 1})) == ["--max-tokens", "5"]
    assert words(_plan(), Point.of({"rate": 20})) == ["--arrival", "constant", "--rate", "20"]
    assert words(_plan(args=("--arrival", "poisson")), Point.of({"rate": 0.5})) == [
        *("--arrival", "constant", "--arrival", "poisson", "--rate", "0.5")  # the last one is believed
    ]
    plan = Plan.from_json({**_plan().to_json(), "workers": 2})
    assert words(plan, Point.of_users(5))[:2] == ["--processes", "2"]
