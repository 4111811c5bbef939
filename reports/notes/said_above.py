"""What the report's first lines say in full of a check that failed: below it has its name alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from records.cells.cell import Check

FIGURE = re.compile(r"\d+(?:\.\d+)?")
ALIKE = "all failed alike, the first of them thus: "
"""Before a reason that several have, in other figures each."""


AS_ABOVE = "as said above"


def without_figures(text: str) -> str:
    """The same of all that say the same in other figures."""
    return FIGURE.sub("N", " ".join(text.split()))


def failed_in_words(name: str) -> str:
    """How the first lines begin to say why."""
    return f"The check {name} failed"


def is_said(check: Check, above: Sequence[str]) -> bool:
    """In one of the lines ``above``, with what to do, be it in other figures."""
    text = without_figures(check.text)
    return any(failed_in_words(check.name) in line and text in without_figures(line) for line in above)


def as_above(names: Sequence[str]) -> str:
    """In place of all that they found."""
    return f"{', '.join(dict.fromkeys(names))}, {AS_ABOVE}"
