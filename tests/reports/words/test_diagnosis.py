"""A finding's code is told to a reader who does not know the term."""

import re

from reports.words.meanings import MEANS
from support import ROOT


def test_every_code_of_the_page_has_its_meaning_and_no_other() -> None:
    text = (ROOT / "docs" / "diagnosis.md").read_text()
    first = text.partition("| the cause is |")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"`([a-z-]+)`", first)) == sorted({*MEANS, "unknown"})  # each in one group
    table = text.partition("## The codes")[2].partition("\n\nBounds")[0]
    assert {*re.findall(r"^\| `([a-z-]+)` ", table, re.M)} - {"unknown"} == MEANS.keys()
