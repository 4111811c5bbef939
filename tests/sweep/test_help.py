"""The help of the sweep: it begins with what a newcomer needs, and every option has its place."""

from itertools import chain

import click
from click.testing import CliRunner

from sweep.cli import command
from sweep.help import GROUPS


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
