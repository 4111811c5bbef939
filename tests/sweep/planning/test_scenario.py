"""Factors that are a scenario's options: asked of the scenario, handed on, refused before anything starts."""

from dataclasses import replace
from pathlib import Path

import pytest

from records.cells.other_programs import TO_DO
from records.cells.point import Point, Value
from records.exit_codes import FAULT
from records.services.variants import MOCKS
from sweep.cli import main
from sweep.planning import scenario
from sweep.planning.factors import check_scenario
from sweep.planning.load_words import words
from sweep.planning.plan import Plan
from sweep.running.errors import UsageError
from sweep_world import plan_of


def _plan(*grid: tuple[str, tuple[Value, ...]], scenario: str = "stream", args: tuple[str, ...] = ()) -> Plan:
    return plan_of("local", variants=(MOCKS["baseline"],), grid=grid, scenario=scenario, locust_args=args)


@pytest.mark.parametrize("name", ["moon", "../stream", "steps"])
def test_what_is_no_scenario_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"no such scenario; there (is|are) .*stream|is no scenario"):
        check_scenario(_plan(scenario=name))


@pytest.mark.parametrize(("text", "why"), [
    ("import no_such_thing", "cannot be loaded: ModuleNotFoundError: No module named"),
    ("print('[', 1/0", "cannot be loaded: SyntaxError: "), ("print('[1]')", "is no scenario"),
    ("raise SystemExit", "does not say its options"),
])  # fmt: skip
def test_a_locustfile_that_cannot_be_loaded_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, why: str
) -> None:
    monkeypatch.setattr(scenario, "FOLDER", tmp_path)
    (tmp_path / "broken.py").write_text(text)
    with pytest.raises(UsageError, match=rf"\A.*broken.py {why}.*\Z"):
        check_scenario(_plan(scenario="broken"))


def test_a_machine_too_busy_to_say_a_scenarios_options_is_no_mistake_of_the_users(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(scenario, "_LIMIT_SECONDS", 0.001)
    monkeypatch.chdir(tmp_path)
    scenario.declared.cache_clear()
    with pytest.raises(SystemExit) as ended:
        main(["--deployment", "run:true", "--grid", "max-tokens=1"])
    assert ended.value.code == FAULT
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith(
        "error: locustfiles/stream.py does not say its options within 0.001 s: the machine"
    )
    assert f"see what else runs (top): {TO_DO}." in said


def test_a_variable_that_the_load_would_refuse_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCUST_USERS", "abc")
    why = r"\A--scenario stream: argument -u/--users: .* \(from LOCUST_USERS in the environment\)\Z"
    with pytest.raises(UsageError, match=why):
        scenario.asked("stream", [])


_STREAM = "^the scenario stream: "
_NEITHER = f"{_STREAM}neither it nor locust has an option "
_WHOLE = f"{_STREAM}--max-tokens wants a whole number of at least 0, not "


@pytest.mark.parametrize(("grid", "args", "why"), [
    ([("max-tokns", (1,))], (), r"stream has no option --max-tokns that takes a value \(--max-tokens\?\)"),
    ([("no-rag", (1,))], (), "the scenario stream has no option --no-rag that takes a value"),
    ([("requests", (1,))], (), "what the sweep itself says"),
    ([("max-tokens", (5, -1))], (), f"{_WHOLE}'-1'"), ([("max-tokens", ("abc",))], (), f"{_WHOLE}'abc'"),
    ([("arrival", ("poisson",))], (), f"{_STREAM}--arrival poisson wants a --rate"),
    ([("rate", (5,))], ("--think-time", "1"), f"{_STREAM}--think-time is of closed loops"),
    ([], ("--think-tim", "soon"), f"{_STREAM}--think-time wants a number of at least 0, not 'soon'"),
    ([], ("--no-such-flag", "sk-hidden"), f"{_NEITHER}'--no-such-flag'$"),
    ([], ("stray",), f"{_NEITHER}for a word that follows none"),
    ([("max-tokens", (1, 2))], ("--max-tokens=5",), "contradict each other"),
    ([("max-tokens", (1,)), ("max_tokens", (2,))], (), "--max-tokens is a factor already"),
    ([("rate", (1,))], ("--arrival", "closed"), "--rate wants --arrival constant or poisson"),
])  # fmt: skip
def test_what_the_load_would_refuse_is_refused_before_anything_starts(
    grid: list[tuple[str, tuple[Value, ...]]], args: tuple[str, ...], why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        check_scenario(_plan(*grid, args=args))


def test_what_the_load_would_warn_of_is_said_once() -> None:
    same = ("--drop-field", "query")
    [said] = check_scenario(_plan(("max-tokens", (1, 2)), args=same))
    assert said.startswith("all requests are the same")
    assert check_scenario(_plan(args=(*same, "--field", 'input={"text": "{question}"}'))) == ()


def test_what_a_locustfile_writes_by_itself_is_no_warning_and_no_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (scenario.FOLDER / "stream.py").read_text()
    noise = "import sys\nprint('[]')\nprint('warning: of its own', file=sys.stderr)\n"
    (tmp_path / "loud.py").write_text(f"{noise}{text}")
    monkeypatch.setattr(scenario, "FOLDER", tmp_path)
    assert check_scenario(_plan(("max-tokens", (1,)), scenario="loud")) == ()


def test_a_point_is_what_locust_is_told() -> None:
    check_scenario(_plan(("max-tokens", (1, 2)), ("max_inflight", (1,))))
    assert words(_plan(), Point.of_users(5), ()) == []
    assert words(_plan(), Point.of({"max_tokens": 5, "users": 1}), ()) == ["--max-tokens", "5"]
    assert words(_plan(), Point.of({"rate": 20}), ()) == ["--arrival", "constant", "--rate", "20"]
    last_is_believed = ["--arrival", "constant", "--arrival", "poisson", "--rate", "0.5"]
    assert words(_plan(), Point.of({"rate": 0.5}), ("--arrival", "poisson")) == last_is_believed
    assert words(replace(_plan(), workers=2), Point.of_users(5), ())[:2] == ["--processes", "2"]


def test_a_file_of_options_that_no_plan_shows_is_refused_until_they_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "locust.conf").write_text("think-time = 0.5\n")
    with pytest.raises(UsageError, match=r"locust\.conf would change each load.*write --think-time after --"):
        check_scenario(_plan())
    assert check_scenario(_plan(args=("--think-time", "0.5"))) == ()
    (tmp_path / "locust.conf").unlink()
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'mine'\n")
    assert check_scenario(_plan()) == ()
    (tmp_path / "pyproject.toml").write_text("[tool.locust]\nthink-time = 0.5\n")
    with pytest.raises(UsageError, match=r"pyproject\.toml would change each load"):
        check_scenario(_plan())
