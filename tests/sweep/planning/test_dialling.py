"""`sweep --dial`: what it measures where nothing else was said, and what it refuses."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from records.services.variants import BASELINE, Variant
from sweep.choosing.preview import preview
from sweep.cli import command
from sweep.planning.bounds import DIAL_SECONDS
from sweep.planning.dialling import dialled
from sweep.planning.plan import Plan
from sweep.planning.resolved import resolved
from sweep.running.dial import with_dial
from sweep.running.errors import UsageError
from sweep_world import plan_of

ESTIMATE = "in all (an estimate, with the starts of targets)"


def plan(*, spec: str = "local", **changes: object) -> Plan:
    return plan_of(spec, **{"variants": (), "levels": (1, 10, 20), "auto": True, "dial": True, **changes})


def test_it_is_the_baseline_at_three_loads_for_as_long_as_windows_need() -> None:
    found = resolved(dialled(plan(seed=5)))
    assert found.variants == (BASELINE,)
    assert (found.levels, found.auto) == ((1, 10, 20), False)
    assert found.settings == {"DIAL_SECONDS": "1.5", "DIAL_SEED": "5"}
    assert found.cell_seconds == (DIAL_SECONDS, DIAL_SECONDS)
    assert f"{DIAL_SECONDS:g} s" in preview(found)[0]
    assert Plan.from_json(found.to_json()) == found
    assert with_dial({"A": "b"}, Path("/d")) == {"A": "b", "DIAL_DIR": "/d"}
    usual = plan_of("local", variants=(BASELINE,))
    assert dialled(usual) is usual
    assert usual.cell_seconds[1] < DIAL_SECONDS
    own = Variant(name="mine", settings={"RETRIEVAL": "blocking"})
    assert dialled(plan(variants=(own,), levels=(7,), auto=False)).variants == (own,)
    assert dialled(plan(max_level=10)).levels == (1, 10)


@pytest.mark.parametrize(("given", "why"), [
    ({"spec": "url:http://127.0.0.1:1"}, "-1 is none"),
    ({"settings": {"DIAL_SEED": "3"}}, "DIAL_SEED itself"),
])  # fmt: skip
def test_other_services_have_no_dial_and_its_settings_are_its_own(given: Any, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        dialled(plan(**given))


def test_the_command_has_defaults_of_its_own_with_it() -> None:
    run = CliRunner().invoke(command, ["--dial", "--plan-only"])
    lines = run.output.splitlines()
    assert [line for line in lines if line.startswith("local/baseline/c01-r1") and line.endswith(" 100 s")]
    assert lines[-1] == f"3 cells, about 5 minutes {ESTIMATE}, at most 540 s; nothing was started"
    twice = CliRunner().invoke(command, ["--dial", "--plan-only", "--repeats", "2", "--concurrency", "5"])
    assert twice.output.splitlines()[-1] == f"2 cells, about 4 minutes {ESTIMATE}; nothing was started"


@pytest.mark.parametrize(("words", "why"), [
    (["--concurrency", "auto"], "--dial takes numbers of users, not auto"),
    (["--grid", "users= auto"], "--dial takes numbers of users, not auto"),
    (["--max-seconds", "60"], "--dial's cells take 100 s: leave --max-seconds out"),
    (["--requests", "99"], "--dial's cells take 100 s: leave --requests out"),
    (["--max-seconds", "8"], "leave --max-seconds out"),  # it is the default, and was given all the same
])  # fmt: skip
def test_what_it_could_not_heed_is_refused(words: list[str], why: str) -> None:
    run = CliRunner().invoke(command, ["--dial", "--plan-only", *words])
    assert isinstance(run.exception, UsageError)
    assert why in str(run.exception)
