"""A field of the plan that is asked for is an option of the command, and nothing more is to be said."""

from dataclasses import make_dataclass
from typing import Annotated

import click
import pytest
from pydantic import Field

from sweep.cli import command
from sweep.planning import plan_options
from sweep.planning.bounds import MOST_REPEATS
from sweep.planning.option import Option
from sweep.planning.plan import Plan


def test_an_option_of_the_plan_has_its_default_and_bounds() -> None:
    options = {one.name: one for one in command.params}
    repeats = options["repeats"]
    assert repeats.default == Plan.__dataclass_fields__["repeats"].default
    assert isinstance(repeats.type, click.IntRange)
    assert (repeats.type.min, repeats.type.max) == (1, MOST_REPEATS)
    assert options["warmup_requests"].envvar == "WARMUP_REQUESTS"
    assert (options["inside"].secondary_opts, options["inside"].default) == (["--no-inside"], True)
    assert options["cpus"].default == "auto"  # of an older plan: shared
    assert options["probe_paths"].multiple
    assert options["probe_paths"].opts == ["--probe-path"]


def test_a_new_field_is_an_option_and_taken_as_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    waves = ("waves", Annotated[int, Field(ge=1, le=9), Option("How many.")], 2)
    more = make_dataclass("more", [waves, ("other", str, "")])
    monkeypatch.setattr(plan_options, "Plan", more)
    given: dict[str, object] = {}
    wanted = click.command()(plan_options.with_options(lambda **said: given.update(said)))
    wanted.main(["--waves", "3"], standalone_mode=False)
    assert plan_options.as_given(given) == given == {"waves": 3}
    with pytest.raises(click.BadParameter, match="1<=x<=9"):
        wanted.main(["--waves", "0"], standalone_mode=False)
