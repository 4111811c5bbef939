"""A text read through its escapes (URL, JSON, HTML, folded lines), with the place of each character."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

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


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A text as it reads."""

    text: str
    starts: list[int]
    """Of each character, where it starts in the text that was given; and where the last one ends."""
    ends: list[int]

    @classmethod
    def of(cls, text: str) -> Layer:
        places = list(range(len(text) + 1))
        return cls(text=text, starts=places[:-1], ends=places[1:])

    def replaced(self, what: re.Pattern[str], by: Callable[[re.Match[str]], str]) -> Layer:
        """The layer in which each match reads as ``by`` says: as one character, or as none."""
        parts: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        done = 0
        for match in what.finditer(self.text):
            begin, end = match.span()
            parts.append(self.text[done:begin])
            starts += self.starts[done:begin]
            ends += self.ends[done:begin]
            if character := by(match):
                parts.append(character)
                starts.append(self.starts[begin])
                ends.append(self.ends[end - 1])
            done = end
        return Layer(
            text="".join([*parts, self.text[done:]]),
            starts=starts + self.starts[done:],
            ends=ends + self.ends[done:],
        )


def layers(text: str) -> Iterator[Layer]:
    """The text as it is, and as it reads when its escapes are taken away, one layer after the other; the
    first and the last without blanks, too."""
    layer = Layer.of(text)
    yield layer
    yield from _joined(layer)
    for depth in range(DEEPEST):
        if not _ESCAPE.search(layer.text):
            break
        layer = layer.replaced(_ESCAPE, _character)
        yield layer
        if depth == DEEPEST - 1 or not _ESCAPE.search(layer.text):
            yield from _joined(layer)


def _joined(layer: Layer) -> Iterator[Layer]:
    if _BLANKS.search(layer.text):
        yield layer.replaced(_BLANKS, lambda _: "")


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
