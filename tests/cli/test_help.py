"""Every option that takes a value says in ``--help`` what it is when it is left out."""

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from typing import Any

import click
import pytest
from click.testing import CliRunner

from loadgen.adapter.exit_code import EXIT_CODES
from loadgen.adapter.parser import add_arguments
from loadgen.engine.options import LoadOptions
from loadgen.shapes.search_options import SearchOptions
from loadgen.tasks.ask.options import AskOptions
from mocks.catalogue import SERVERS
from support import ROOT, OptionParser

COMMANDS = {
    "sweep": ("sweep.cli", "command"),
    "report": ("reports.cli", "main"),
    "profile": ("profiler.cli", "command_line"),
    **{name: (server.module, "command") for name, server in SERVERS.items()},
}


def silent(texts: dict[str, str]) -> list[str]:
    return [name for name, text in texts.items() if not {"default", "given"} & set(words(text))]


def words(text: str) -> Iterator[str]:
    return (word.strip("[]:;,.").lower() for word in text.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_its_defaults(name: str) -> None:
    command = getattr(import_module(COMMANDS[name][0]), COMMANDS[name][1])
    context = click.Context(command, **command.context_settings)
    texts = {}
    for one in command.params:
        takes_value = isinstance(one, click.Option) and not (one.is_flag or one.hidden or one.required)
        if takes_value and (record := one.get_help_record(context)):
            texts[one.opts[0]] = record[1]
    assert texts
    assert silent(texts) == []


@pytest.mark.parametrize("name", SERVERS)
def test_the_help_of_a_mock_begins_with_commands_that_work(name: str) -> None:
    module = SERVERS[name].module
    command: click.Command = import_module(module).command
    shown = CliRunner().invoke(command, ["-h"])
    assert shown.exit_code == 0
    found = re.findall(rf"^ +python -m {module.removesuffix('.__main__')}( .*)?$", shown.output, re.M)
    assert len(found) >= 2
    for example in found:
        [given, *_] = re.split(r" {2,}", example.strip() and example[1:])
        with suppress(click.exceptions.Exit):  # of --list
            command.make_context(name, given.split())  # raises for what it does not take


def test_a_load_says_its_defaults() -> None:
    parser = OptionParser(prog="load")
    add_arguments(parser, LoadOptions, AskOptions, SearchOptions)
    texts: dict[str, Any] = {
        one.option_strings[0]: one.help
        for one in parser._actions
        if one.nargs != 0 and one.help is not argparse.SUPPRESS
    }
    assert texts["--request-timeout"] == "Seconds a whole request may take [default: 60]"
    assert silent(texts) == []


@pytest.mark.parametrize(("name", "said"), [("stream", "--max-inflight"), ("ramp", "--ramp-seconds")])
def test_a_locustfile_that_is_run_lists_its_options(name: str, said: str) -> None:
    command = [sys.executable, f"locustfiles/{name}.py"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=True).stdout
    assert said in shown
    assert f"locustfiles/{name}.py -H URL" in shown
    assert EXIT_CODES in shown
