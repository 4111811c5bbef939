"""The help of the sweep: it begins with what a newcomer needs, and every option has its place."""

import shlex
import sys
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from subprocess import CompletedProcess

import click
import pytest
from click.testing import CliRunner

from sweep import cli
from sweep.cli import command
from sweep.help import FIRST, GROUPS, LAST

OF_A_SERVICE = [
    line.strip()
    for line in (FIRST + LAST).replace("\\\n", " ").splitlines()
    if line.startswith("  sweep ") and " -- " in line
]
"""The examples that say how a service of one's own is asked."""


def test_every_option_is_in_one_group_and_stands_in_its_order() -> None:
    own = [param.opts[0] for param in command.params if isinstance(param, click.Option)]
    assert sorted(chain.from_iterable(GROUPS.values())) == sorted(own)


def test_the_first_screen_has_examples_and_the_options_that_come_first() -> None:
    text = CliRunner().invoke(command, ["--help"], terminal_width=100).output
    places = [text.index(f"\n{title}:") for title in GROUPS]
    assert places == sorted(places)
    first = "\n".join(text.splitlines()[:32])
    for wanted in ("sweep --deployment url:", "run:uvicorn", "--try-fixes", "--plan-only", "  --concurrency"):
        assert wanted in first


def test_there_is_an_example_of_a_running_service_and_of_an_app_that_say_how_they_are_asked() -> None:
    assert {shlex.split(line)[2].partition(":")[0] for line in OF_A_SERVICE} == {"url", "run"}
    shown = CliRunner().invoke(command, ["--help"], terminal_width=100).output
    for line in OF_A_SERVICE:
        own, _, to_the_load = line.partition(" -- ")
        assert own in shown
        assert to_the_load.strip() in shown


@pytest.mark.parametrize("line", OF_A_SERVICE)
def test_an_example_of_a_service_is_taken_as_it_is_written(
    line: str, here: Callable[..., CompletedProcess[str]]
) -> None:
    _, *words = shlex.split(line)
    done = here(cli.main, "--plan-only", *words, PATH=str(Path(sys.executable).parent))
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing was started" in done.stdout
