"""The words of the field are used, and those that only we knew are gone."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NAMES = {
    *("asked_differently", "ASKED", "Seat", "Attempt", "Orders", "LoadRun", "LevelTeller", "Heard"),
    *("Level", "Account", "accounts", "sdk_cost_ms", "unexplained_ms", "masters", "Part", "many_cut"),
    *("lucky", "struck", "resent", "chance", "heard"),
}
EXCEPT = {
    ("loadgen/shapes/slo.py", "Part"),  # one worker's part of what a search observed
    ("loadgen/shapes/search.py", "Part"),
    ("loadgen/shapes/phases.py", "Part"),
    ("reports/analysis/of_loads.py", "masters"),  # Locust's own word
    ("reports/figures/summary.py", "masters"),
    ("reports/frame/build.py", "masters"),
}
MODULES = {"asked", "account", "masters", "kept", "usage"}
WORDS = re.compile(r"\b(?:asked differently|lucky|resent|were cut|SDK cost|LevelTeller)\b")
"""In docs and in what is said: of texts within code, each line that is no comment."""


def _sources() -> list[Path]:
    packages = {path.parent for path in ROOT.glob("*/*.py") if path.parent.name != "tests"}
    return [path for package in packages for path in package.rglob("*.py")]


def _names(path: Path) -> Iterator[str]:
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        if token.type == tokenize.NAME:
            yield token.string


def test_no_name_in_the_code_is_one_of_the_old() -> None:
    sources = _sources()
    assert len(sources) > 200
    found = {(path.relative_to(ROOT).as_posix(), name) for path in sources for name in _names(path)}
    assert {one for one in found if one[1] in NAMES} <= EXCEPT
    assert not {path.stem for path in sources} & MODULES


@pytest.mark.parametrize("folder", ["docs", "."])
def test_no_page_uses_them(folder: str) -> None:
    pages = list((ROOT / folder).glob("*.md"))
    assert pages
    assert not [(page.name, found) for page in pages for found in WORDS.findall(page.read_text())]


def test_no_message_uses_them() -> None:
    strings = [
        (path.name, token.string)
        for path in _sources()
        for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline)
        if token.type == tokenize.STRING
    ]
    assert not [(name, text) for name, text in strings if WORDS.search(text)]
