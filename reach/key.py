"""The key of a service, and the headers that go with each request: the one place where they are built."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from reach.failure import ReachError
from records.options.which import which
from records.secrets.given import PUBLIC, parts_of
from records.secrets.header_rules import header_trouble, may_carry_key
from records.secrets.redaction import PIECE
from records.secrets.secret_names import like_a_key, shown

KEY_VARIABLE = "TARGET_API_KEY"
HEADERS_VARIABLE = "TARGET_HEADERS"
"""Headers, one a line, for whoever has more than one key, or something else that is not to be kept."""
VARIABLES = (KEY_VARIABLE, HEADERS_VARIABLE)
"""By which something is sent that is kept nowhere."""


def without_key(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of the target and whatever else is started: keys are for who asks the target, and for
    our own processes that blank them in what they write."""
    return {name: value for name, value in environment.items() if name not in VARIABLES}


def key_of(environment: Mapping[str, str]) -> str:
    """The key, or empty.

    Raises:
        ReachError: it holds what no header may; it is not shown.
    """
    key = environment.get(KEY_VARIABLE, "").strip(" ")
    if not (key.isascii() and key.isprintable()):
        raise ReachError(f"{KEY_VARIABLE} holds characters that no header may have")
    return key


def secrets_of(environment: Mapping[str, str]) -> list[str]:
    """What the environment has that is sent, and that no text may repeat: the key, and of each of its headers
    the value and each of its parts. What is as short as a word is in other texts, too."""
    found = {part for _, part in header_secrets(environment)}
    key = environment.get(KEY_VARIABLE, "").strip()
    return [*([key] if key else ()), *sorted(found - {key})]


def header_secrets(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(header, what in its value is secret) of those that `HEADERS_VARIABLE` says. Whoever gives a header
    there wants it kept nowhere, so that all are but those that say who is asked for what; what is no secret
    is given by ``--header``, which knows identifiers by their names."""
    for line in environment.get(HEADERS_VARIABLE, "").splitlines():
        name, _, value = (part.strip() for part in line.partition("="))
        if name.lower() not in PUBLIC:
            yield from ((name, part) for part in parts_of(value) if len(part) >= PIECE)


def own_headers(environment: Mapping[str, str]) -> dict[str, str]:
    """Those that `HEADERS_VARIABLE` says.

    Raises:
        ReachError: one of them cannot be sent. No value is shown.
    """
    lines = [line for line in environment.get(HEADERS_VARIABLE, "").splitlines() if line.strip()]
    # A name of the header would be kept, so that of a key alone, without one, must not be taken for it.
    if any(like_a_key(line.partition("=")[0].strip()) for line in lines):
        raise ReachError(f"{HEADERS_VARIABLE} wants a line NAME=VALUE for each header, not a key alone")
    return _headers(lines, HEADERS_VARIABLE)


def key_headers(key: str, name: str = "") -> dict[str, str]:
    """``Authorization: Bearer KEY``, or with a ``name`` that header with the key itself; none without a key.

    Raises:
        ReachError: the name is none, or there is no key for it. Neither is shown where it may be a key.
    """
    if not name:
        return {"Authorization": f"Bearer {key}"} if key else {}
    if like_a_key(name) or name == key or (len(key) >= PIECE and key in name):
        raise ReachError(
            "--key-header wants the name of a header, such as x-api-key; what was given looks like a key, "
            f"whose place is the environment: {KEY_VARIABLE}"
        )
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", name):
        raise ReachError("--key-header wants the name of a header, such as x-api-key")
    if not may_carry_key(name):
        raise ReachError(f"--key-header {name}: that header says something else to a service")
    if not key:
        raise ReachError(f"--key-header {name} wants the key in the environment, as {KEY_VARIABLE}")
    return {name: key}


def request_headers(
    given: Sequence[str], environment: Mapping[str, str], key_header: str = ""
) -> dict[str, str]:
    """What each request says besides the client's own headers, or in their place: what was ``given`` as
    NAME=VALUE, the headers of the environment, and its key.

    Raises:
        ReachError: one of them cannot be sent, or two say the same. No value is shown.
    """
    sources = {
        "--header": _headers(given, "--header"),
        KEY_VARIABLE: key_headers(key_of(environment), key_header),
        HEADERS_VARIABLE: own_headers(environment),
    }
    said: dict[str, str] = {}
    for source, headers in sources.items():
        for name in headers:
            if (before := said.setdefault(name.lower(), source)) != source:
                raise ReachError(f"{name}: {before} and {source} both say that header; leave one of them out")
    return {name: value for headers in sources.values() for name, value in headers.items()}


def _headers(texts: Sequence[str], source: str) -> dict[str, str]:
    pairs = [_pair(text, source, which(number, texts)) for number, text in enumerate(texts, start=1)]
    if trouble := header_trouble(pairs, source):
        raise ReachError(trouble)
    return dict(pairs)


def _pair(text: str, source: str, of_them: str) -> tuple[str, str]:
    """``of_them``: which it is, where there are several."""
    name, separator, value = text.partition("=")
    if not separator or not name.strip():
        each = "NAME=VALUE" if source == "--header" else "a line NAME=VALUE for each header"
        what = shown(name) if separator else "a value without ="
        raise ReachError(f"{source} wants {each}, not {what}{of_them}")
    return name.strip(), value.strip()
