"""A text read through its escapes (URL, JSON, HTML, folded lines), with the place of each character."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import NamedTuple

DEEPEST = 3
"""JSON in JSON in a URL."""
_ESCAPE = re.compile(
    r"%(?P<percent>[0-9a-f]{2})|\\u(?P<unit>[0-9a-f]{4})|\\x(?P<byte>[0-9a-f]{2})"
    r"|\\(?P<self>[\"'\\/])|(?P<entity>&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,10});)"
    # One that the text's end cuts says nothing.
    r"|(?P<cut>(?:%[0-9a-f]?|\\(?:u[0-9a-f]{0,3}|x[0-9a-f]?)?|&(?:\#?[0-9a-z]{0,7})?)\Z)",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"\s+")


class Layer:
    """A text as it reads. Where its characters stand in the text that was given is worked out on demand:
    most texts hold nothing that is looked for."""

    def __init__(self, text: str, made: _Made | None = None) -> None:
        self.text = text
        self._made = made

    def replaced(self, what: re.Pattern[str], by: Callable[[re.Match[str]], str] | None = None) -> Layer:
        """The layer in which each match reads as ``by`` says: as one character, or as none."""
        return Layer(what.sub(by or "", self.text), _Made(self, what, by))

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """Of each character, where it begins and ends in the text that was given."""
        made = self._made
        if made is None:
            return [(at, at + 1) for at in range(len(self.text))]
        before, spans, done = made.of.spans, [], 0
        for match in made.what.finditer(made.of.text):
            begin, end = match.span()
            spans += before[done:begin]
            if made.by and made.by(match):
                spans.append((before[begin][0], before[end - 1][1]))
            done = end
        return spans + before[done:]


class _Made(NamedTuple):
    of: Layer
    what: re.Pattern[str]
    by: Callable[[re.Match[str]], str] | None


def layers(text: str) -> Iterator[Layer]:
    """The text as it is, and as it reads when its escapes are taken away, one layer after the other; the
    first and the last without blanks, too."""
    layer = Layer(text)
    yield layer
    yield layer.replaced(_BLANKS)
    last = layer
    for _ in range(DEEPEST):
        if not _ESCAPE.search(last.text):
            break
        last = last.replaced(_ESCAPE, _character)
        yield last
    if last is not layer:
        yield last.replaced(_BLANKS)


def _character(match: re.Match[str]) -> str:
    if match["cut"] is not None:
        return ""
    if match["self"] is not None:
        return match["self"]
    if match["entity"] is not None:
        said = html.unescape(match["entity"])
        return said if len(said) == 1 else "?"
    code = match["percent"] or match["unit"] or match["byte"]
    return chr(int(code, 16))
