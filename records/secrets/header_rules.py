"""Which headers a user may give a request, and what they may say."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping

from records.secrets.secret_names import (
    DATE,
    UUID,
    holds_known_key,
    is_id,
    is_identifier,
    is_secret,
    like_a_key,
    shown,
)

_FRAMING = {
    *("connection", "content-encoding", "content-length", "expect", "http2-settings", "keep-alive"),
    *("te", "trailer", "transfer-encoding", "upgrade"),
}
_SAYING_ELSE = {
    *("accept", "accept-charset", "accept-encoding", "accept-language", "content-type", "host", "user-agent"),
    *("cache-control", "cookie", "date", "origin", "range", "referer"),
}
"""Headers that say something else to a service than a key, most of them the client's own."""
GIVEN = "given"
"""All that is kept of a value that may be secret."""
_MARK = 4
"""Hexadecimal digits. Of a million words that somebody may guess, fifteen fit: nobody reads the value in it.
One other value in 65536 passes for the same."""
_LONGEST_ID = 64
"""Characters of one: a digest's, in hexadecimal."""
_RUNS_OF_A_NAME = 3
"""Of letters and of digits, in one part of it."""
_OF_TRACES = {"traceparent", "tracestate", "baggage", "b3", "x-datadog-tags"}
_TRACE = re.compile(
    r"(trace|span|request|correlation|transaction)[-_]?(id|uuid|guid|context)?$", re.IGNORECASE
)
"""How a name ends whose value says which request it is; the ids in it are in hexadecimal:"""
_TRACE_ID = re.compile(r"(?<![A-Za-z0-9])[0-9a-f]{8,32}(?![A-Za-z0-9])", re.IGNORECASE)
SCHEMES = ("bearer", "basic", "token", "apikey")
"""Words after which a key follows."""
_SCHEME = re.compile(rf"\s*(?:{'|'.join(SCHEMES)})\s+\S{{8,}}\s*", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # a token, RFC 9110 5.6.2


def frames(name: str) -> bool:
    """Is it a header by which the client frames requests, connects, or talks to a proxy?"""
    return name.lower() in _FRAMING or name.lower().startswith("proxy-")


def may_carry_key(name: str) -> bool:
    """Can a key be all that this header says?"""
    return not frames(name) and name.lower() not in _SAYING_ELSE


def looks_like_key(name: str, value: str) -> bool:
    """Is the value of a header a key by its look? ``Bearer ...``, and what everybody knows for a key, is one
    whatever the name. Else those that say something else to a service, and the ids of traces, are none.

    Of any other long word in which letters and numbers alternate its look does not say whether it is a key
    or an id: the header's name has to. Where that says nothing, it is taken for a key, and not kept."""
    if holds_known_key(value) or _SCHEME.fullmatch(value):
        return True
    if not may_carry_key(name) or name.lower() in _OF_TRACES:
        return False
    if is_id(name):
        return any(len(word) > _LONGEST_ID for word in re.findall(r"[\w-]+", value))
    text = DATE.sub("", value)
    if _TRACE.search(name):
        text = _TRACE_ID.sub("", text)
    if is_identifier(name):
        text = UUID.sub("", text)
    return any(map(_like_a_key, re.split(r'[\s,;"{}\[\]]+', text)))


def _like_a_key(word: str) -> bool:
    """A name has parts (``max-tokens-3-5-sonnet``, a URL), in none of which letters and numbers alternate
    more than they do in ``gpt4o``."""
    if not like_a_key(word) or not re.search("[A-Za-z]", word):
        return False
    parts = re.findall(r"[A-Za-z0-9]+", word)
    return bool(UUID.search(word)) or any(
        like_a_key(part) or len(re.findall(r"[0-9]+|[A-Za-z]+", part)) > _RUNS_OF_A_NAME for part in parts
    )


def header_trouble(pairs: Iterable[tuple[str, str]], source: str = "--header") -> str | None:
    """What is wrong with the first of the headers that cannot be sent, or None. A value is not shown: it
    may be a secret. ``source``: what the user gave them by."""
    seen: set[str] = set()
    for name, value in pairs:
        small = name.lower()
        if not _NAME.fullmatch(name):
            return f"{source} wants NAME=VALUE; {shown(name)} is not a header's name"
        if frames(name):
            return f"{source} {name}: that header is the client's own, which frames requests and connects"
        if small == "accept-encoding":
            return (
                f"{source} {name}: answers are asked for uncompressed, or their times would be a compressor's"
            )
        if not value:
            return f"{source} {name} has no value"
        if not value.isprintable() or not value.isascii():
            return f"the value of header {name} holds characters that no header may have"
        if small in seen:
            return f"{source} {name} is given twice (small or capital letters are the same)"
        seen.add(small)
    return None


def header_marks(headers: Mapping[str, str], holds_secret: Callable[[str], bool]) -> dict[str, str]:
    """By which two loads are told apart whose headers have other values: of each a few digits of its digest,
    or that it was `GIVEN` where its name is a secret's, or its value holds one."""
    return {
        name.lower(): GIVEN
        if is_secret(name) or holds_secret(value)
        else hashlib.sha256(f"{name.lower()}: {value}".encode()).hexdigest()[:_MARK]
        for name, value in sorted(headers.items())
    }
