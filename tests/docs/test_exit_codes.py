"""README and the ``--help`` of each command tell the same exit codes."""

import re
from importlib import import_module
from pathlib import Path

import click
import pytest

from loadgen.adapter.exit_code import EXIT_CODES
from mocks.catalogue import SERVERS
from records import exit_codes

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
ROW = re.compile(r"^\| (\d+) \| .+ \| (.+) \|$", re.MULTILINE)
TOLD = {name: value for name, value in vars(exit_codes).items() if name.isupper()}


def of_readme(command: str) -> set[int]:
    rows = ROW.findall(README.partition("## Exit codes")[2].partition("\n## ")[0])
    assert {int(code) for code, _ in rows} == {0, *TOLD.values()}
    return {int(code) for code, whose in rows if whose == "all" or f"`{command}`" in whose}


def of_text(text: str) -> set[int]:
    """Those of the paragraph that begins so."""
    said = re.search(r"Exit codes: (.+?)(?:\n\s*\n|\Z)", text, re.DOTALL)
    assert said is not None
    return {int(code) for code in re.findall(r"(?:^|[,;]\s)\s*(\d+)\b", said[1])}


@pytest.mark.parametrize(("command", "module", "attribute"), [
    ("sweep", "sweep.cli", "command"), ("report", "reports.cli", "main"),
    ("profile", "profiler.cli", "command_line"),
    *((f"mock {name}", server.module, "command") for name, server in SERVERS.items()),
])  # fmt: skip
def test_help_has_those_of_the_readme(command: str, module: str, attribute: str) -> None:
    found: click.Command = getattr(import_module(module), attribute)
    text = found.get_help(click.Context(found, info_name=command))
    assert of_text(text) == of_readme(command)


def test_a_load_has_those_of_the_readme() -> None:
    assert of_text(EXIT_CODES) == of_readme("locust") == {0, *TOLD.values()}


def test_so_has_a_search() -> None:
    search = Path(__file__).resolve().parents[2] / "locustfiles" / "search.py"
    assert of_text(search.read_text().partition('"""')[2].partition('"""')[0]) == of_readme("locust")
