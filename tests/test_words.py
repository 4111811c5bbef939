"""The words of the field are used, and those that only we knew are gone."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

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
WORDS = re.compile(
    r"\b(?:asked differently|lucky|resent|(?:were|as|them) cut|cut or dropped|SDK cost|LevelTeller)\b"
)
"""In docs, and in texts and comments of the code."""
TESTS = re.compile(r"def test_\w*?(?:_account_|lucky|resent|sdk_cost|heard|seat_|(?:are|not)_cut_(?!off))\w*")


def _sources() -> list[Path]:
    packages = {path.parent for path in ROOT.glob("*/*.py") if path.parent.name != "tests"}
    return [path for package in packages for path in package.rglob("*.py")]


def _tokens(kind: int, wanted: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Those of that kind with such a word in them, with their files."""
    sources = _sources()
    assert len(sources) > 200
    for path in sources:
        if wanted.search(text := path.read_text()):
            for token in tokenize.generate_tokens(io.StringIO(text).readline):
                if token.type == kind and wanted.search(token.string):
                    yield path.relative_to(ROOT).as_posix(), token.string


def test_no_name_in_the_code_is_one_of_the_old() -> None:
    assert set(_tokens(tokenize.NAME, re.compile(rf"\b(?:{'|'.join(NAMES)})\b"))) <= EXCEPT
    assert not {path.stem for path in _sources()} & MODULES


def test_no_page_and_no_message_uses_them() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
    assert len(pages) > 10
    assert not [(page.name, found) for page in pages for found in WORDS.findall(page.read_text())]
    assert list(_tokens(tokenize.STRING, WORDS)) == list(_tokens(tokenize.COMMENT, WORDS)) == []


def test_no_test_is_named_by_them() -> None:
    texts = [path.read_text() for path in ROOT.glob("tests/*/**/test_*.py")]
    assert len(texts) > 100
    assert [found for text in texts for found in TESTS.findall(text)] == []


def test_the_glossary_is_in_alphabetical_order() -> None:
    rows = (ROOT / "docs" / "glossary.md").read_text().splitlines()[4:]
    words = [row.split("|")[1].strip().lower() for row in rows]
    assert words == sorted(words)
