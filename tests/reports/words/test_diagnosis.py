"""A finding's code is told to a reader who does not know the term."""

import re
from typing import Any

from reports.findings.catalogue import diagnosis
from reports.words.diagnosis import section
from reports.words.meanings import MEANS
from support import ROOT

PAGE = (ROOT / "docs" / "diagnosis.md").read_text()


def rows(heading: str) -> list[tuple[str, ...]]:
    """The cells of that section's first table, without its head and its groups."""
    table = PAGE.partition(f"\n## {heading}\n")[2].partition("\n|---")[2].partition("\n\n")[0]
    found = (tuple(cell.strip() for cell in line[1:-1].split(" | ")) for line in table.splitlines()[1:])
    return [row for row in found if not row[0].startswith("**")]


def test_every_code_is_in_the_page_once_with_its_meaning_as_a_report_says_it_and_what_to_do() -> None:
    told = rows("The codes")
    assert sorted(code for code, *_ in told) == sorted(f"`{code}`" for code in (*MEANS, "unknown"))
    assert {code.strip("`"): means for code, means, _ in told if code != "`unknown`"} == MEANS
    assert all(re.search(r"\w{4}", to_do) for _, _, to_do in told)


def test_every_code_has_a_row_that_says_when_it_is_found_and_no_other() -> None:
    assert {code.strip("`") for code, *_ in rows("When each is found")} - {"unknown"} == MEANS.keys()


def test_a_report_and_the_readme_say_where_that_table_is(loaded: Any, seen: Any) -> None:
    loads = (seen(users=1, rps=10, waits=None), seen(users=20, rps=200, waits=None))
    [paragraph] = section(diagnosis(loaded(*loads)), [])
    assert paragraph.lines[-1].endswith("docs/diagnosis.md (The codes).")
    assert not list(section([], []))
    assert "](docs/diagnosis.md#the-codes)" in (ROOT / "README.md").read_text()
