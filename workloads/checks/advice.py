"""What to do about a check that failed, behind what it found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from records.cells.cell import Check

_OPTION = re.compile(r"(--max-seconds |--warmup-requests |(?<![\w-])-t )(\d+)")
"""One of more time or of a longer warm-up, with its number."""


def advised(check: Check, advice: str) -> Check:
    """The check; with ``advice`` after a semicolon where it failed."""
    if check.status != "fail" or not advice:
        return check
    return replace(check, text=f"{check.text}; {advice}", advice=advice)


def agreed(texts: Sequence[str]) -> list[str]:
    """The texts, with the largest number that any of them gives an option of time: who reads 20 in one line
    and 30 in another has two pieces of advice, and the larger serves both."""
    most: dict[str, int] = {}
    for text in texts:
        for option, number in _OPTION.findall(text):
            most[option] = max(int(number), most.get(option, 0))
    return [_OPTION.sub(lambda found: f"{found[1]}{most[found[1]]}", text) for text in texts]


def in_one_line(failed: Iterable[Check], *, named: bool = False) -> str:
    """All that was found, each with what to do about it; what several advise alike is said once, with the
    last of them. ``named``: each with its check's name behind it."""
    given = list(failed)
    texts, advices = agreed([check.text for check in given]), agreed([check.advice for check in given])
    checks = [
        replace(check, text=text, advice=advice)
        for check, text, advice in zip(given, texts, advices, strict=True)
    ]
    said = []
    for i, check in enumerate(checks):
        again = check.advice in {other.advice for other in checks[i + 1 :]}
        text = " ".join((check.found if again else check.text).split())
        said.append(f"{text or check.name} ({check.name})" if named else text)
    return "; ".join(said)
