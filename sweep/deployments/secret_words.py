"""Is anything in a command a secret? It is kept in run.json, and any user of the machine sees it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from records.secrets.secret_names import is_secret, secret_within, shown

_HEADER = {"-H", "--header"}
_HEADER_NAME = re.compile(r"[A-Za-z][\w-]*:")


def secret_in(words: Sequence[str]) -> str | None:
    """What looks like one, named without its value; None: nothing does."""
    for before, word, following in zip(("", *words), words, (*words[1:], ""), strict=False):
        if secret := _secret_given(before, word, following):
            return secret if " " in secret else shown(secret)
        inner = words_in(word)
        if len(inner) > 1 and (secret := secret_in(inner)):  # what a shell is given, or a header
            return secret
    return None


def _secret_given(before: str, word: str, following: str) -> str | None:
    """The name of an option, a variable or a header that a word gives a secret."""
    name, equals, value = word.lstrip("-").partition("=")
    if equals and value:
        return secret_within(name, value)
    if secret := secret_within("a word of it", word):
        return secret
    header, colon, value = word.partition(":")
    if before in _HEADER and colon and value and is_secret(header):
        return header
    if word.startswith("-"):
        return name if not equals and is_secret(name) and following[:1] not in ("", "-") else None
    return header if _HEADER_NAME.fullmatch(word) and is_secret(header) and following else None


def words_in(word: str) -> list[str]:
    """Those that a shell would read in one that it is given."""
    try:
        return shlex.split(word)
    except ValueError:  # a quote that is not closed
        return word.split()
