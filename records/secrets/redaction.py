"""What was sent in secret and comes back: blanked, in whatever form a service says it."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from records.secrets.escapes import Layer, layers
from records.secrets.secret_names import is_secret
from records.secrets.urls import BLANK, blank_urls

LEAST = 4
"""What is shorter would blank half of any text; a secret of that length is blanked where it stands alone."""
PIECE = 8
"""A piece of a secret of so many characters is blanked wherever it stands."""
_GRAM = PIECE // 2  # any piece holds one of these that begins at a multiple of its length
_MASK = re.compile(r"[*\u2022\u25cf\u00b7.xX#]{2,}|\u2026|\[[^\[\]]{0,20}\]|<[^<>]{0,20}>")
"""What a service puts in place of the middle of a key that it shows."""
_BESIDE_MASK = 2
"""So many characters of a secret are told from others where a mask is beside them."""
_LONGEST_BESIDE_MASK = 24
_REMEMBERED = 256
"""Texts of which the outcome is kept: a service says the same thing again and again."""
_DEEPEST = 50
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


class Redaction:
    """Blanks what it was made of. It shows none of that itself."""

    def __init__(
        self,
        secrets: Iterable[str] = (),
        values: Iterable[str] = (),
        *,
        also: Callable[[str], str] = str,
    ) -> None:
        """``secrets``: of which no piece may show; ``values``: what is blanked where it is whole, or cut
        off by the end of the text. Both are known, too, as what ``also`` makes of them."""
        secrets = {secret.strip() for secret in secrets} - {""}
        values = {value.strip() for value in values} - {""}
        strong = set(map(_lower, secrets)) | (made := _made(secrets, also))
        made |= _made(values, also)
        self._pieces_of = sorted(one for one in strong if len(one) >= PIECE)
        weak = set(map(_lower, values)) - strong
        words = {one for one in weak if len(one) < PIECE and one.isalpha()}  # "true" is in "untrue"
        alone = words | {one for one in strong if len(one) < LEAST}
        self._alone = [
            re.compile(rf"(?<![a-z0-9]){re.escape(one)}(?![a-z0-9])")
            for one in sorted(alone)
            if one in strong or len(one) >= LEAST
        ]
        whole = sorted(one for one in (strong | weak | made) - words if len(one) >= LEAST)
        self._masked = [(one, _BESIDE_MASK if one in strong else LEAST) for one in whole]
        given = (one for one in secrets | values if len(one) >= LEAST)
        forms = (made | {_lower(form) for one in given for form in _forms(one)}) - words
        self._forms: dict[str, list[str]] = {}
        """By their beginnings."""
        for form in sorted(forms):
            self._forms.setdefault(form[:LEAST], []).append(form)
        self._remembered: Callable[[str], str] = lru_cache(_REMEMBERED)(self._redacted)

    def redact(self, text: str) -> str:
        """``text``, in which whatever is secret, and what the URLs in it carry, reads ``***``.

        To be called on the text as it came: digits that are replaced, or an end that is cut off, would
        show a secret in another form."""
        return self._remembered(text)

    def without_secrets(self, text: str) -> str:
        """As ``redact``, but URLs stay as they are where no secret is in them."""
        if not (self._forms or self._alone):
            return text
        spans = list(self._beside_masks(_lower(text)))
        for layer in layers(text):
            spans += [(layer.spans[a][0], layer.spans[b - 1][1]) for a, b in self._found(layer)]
        return _blanked(text, spans)

    def value(self, raw: Any) -> Any:
        """JSON in which all texts and names are redacted, and blank what has a secret's name."""
        return _within(raw, self.redact, _DEEPEST)

    def _redacted(self, text: str) -> str:
        return blank_urls(self.without_secrets(text))

    def _found(self, layer: Layer) -> Iterator[tuple[int, int]]:
        text = _lower(layer.text)
        for alone in self._alone:
            yield from (match.span() for match in alone.finditer(text))
        for begin, forms in self._forms.items():
            if begin not in text:
                continue
            for form in forms:
                yield from ((at, at + len(form)) for at in _places(text, form))
                at = _cut_off(text, form)
                if at is not None:
                    yield at, len(text)
        for secret in self._pieces_of:
            yield from _pieces(text, secret)

    def _beside_masks(self, text: str) -> Iterator[tuple[int, int]]:
        """The beginning of a secret before a mask, and the end of one behind it: ``sk-ab***wxyz``."""
        for mask in _MASK.finditer(text):
            left, right = mask.span()
            before, behind = text[max(0, left - _BESIDE_MASK) : left], text[right : right + _BESIDE_MASK]
            for one, least in self._masked:
                lengths = range(min(len(one) - 1, _LONGEST_BESIDE_MASK), least - 1, -1)
                if before in one:
                    starts = ((left - n, left) for n in lengths if text.endswith(one[:n], 0, left))
                    yield from ((a, b) for a, b in starts if b - a >= LEAST or not text[a - 1 : a].isalnum())
                if behind in one:
                    ends = ((right, right + n) for n in lengths if text.startswith(one[-n:], right))
                    yield from ((a, b) for a, b in ends if b - a >= LEAST or not text[b : b + 1].isalnum())


def _lower(text: str) -> str:
    """ASCII alone: other letters may change their number, too, and places are counted."""
    return text.lower() if text.isascii() else text.translate(_LOWER)


def _made(texts: Iterable[str], also: Callable[[str], str]) -> set[str]:
    """What ``also`` makes of those texts that can be told from others then, too."""
    changed = {_lower(also(text)) for text in texts}
    return {one for one in changed if len(one) >= PIECE and len(re.findall("[a-mo-z]", one)) >= LEAST}


def _forms(secret: str) -> Iterator[str]:
    """As it is; as a form's field has it; without blanks; in hexadecimal; in base64, also in the midst of
    other text, of which it begins with the first, second or third byte of a group."""
    yield secret
    if " " in secret:
        yield secret.replace(" ", "+")
        if len(joined := secret.replace(" ", "")) >= PIECE:
            yield joined
    raw = secret.encode("utf-8", "replace")
    yield raw.hex()
    for before, first in ((0, 0), (1, 2), (2, 3)):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            core = encode(bytes(before) + raw).decode()[first : (before + len(raw)) * 8 // 6]
            if len(core) >= PIECE:
                yield core


def _places(text: str, form: str) -> Iterator[int]:
    at = text.find(form)
    while at >= 0:
        yield at
        at = text.find(form, at + 1)


def _cut_off(text: str, form: str) -> int | None:
    """Where the text's end is the beginning of ``form``, if it is."""
    at = text.find(form[:LEAST], max(0, len(text) - len(form) + 1))
    while at >= 0:
        if form.startswith(text[at:]):
            return at
        at = text.find(form[:LEAST], at + 1)
    return None


def _pieces(text: str, secret: str) -> Iterator[tuple[int, int]]:
    """Where pieces of PIECE characters and more stand."""
    for first in range(0, len(secret) - _GRAM + 1, _GRAM):
        at = text.find(secret[first : first + _GRAM])
        while at >= 0:
            left, right = at, at + _GRAM
            while left > 0 and first > at - left and text[left - 1] == secret[first - (at - left) - 1]:
                left -= 1
            while right < len(text) and first + right - at < len(secret):
                if text[right] != secret[first + right - at]:
                    break
                right += 1
            if right - left >= PIECE:
                yield left, right
            at = text.find(secret[first : first + _GRAM], right if right - left >= PIECE else at + 1)


def _blanked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    parts: list[str] = []
    done = 0
    for begin, end in sorted(spans):
        if begin > done or not parts:
            parts += [text[done:begin], BLANK]
        done = max(done, end)
    return "".join([*parts, text[done:]])


def _within(raw: Any, redact: Callable[[str], str], deepest: int) -> Any:
    if isinstance(raw, str):
        return redact(raw)
    if type(raw) is int and abs(raw) >= 10**PIECE and redact(str(raw)) != str(raw):
        return BLANK
    if isinstance(raw, dict | list) and not deepest:
        return BLANK
    if isinstance(raw, list):
        return [_within(one, redact, deepest - 1) for one in raw]
    if isinstance(raw, dict):
        return {
            redact(name): BLANK
            if isinstance(one, str) and one and is_secret(name)
            else _within(one, redact, deepest - 1)
            for name, one in raw.items()
        }
    return raw
