"""The key of a service, and the headers that go with each request: the one place where they are built."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from reach.failure import ReachError
from records.secrets.header_rules import header_trouble, may_carry_key
from records.secrets.redaction import PIECE
from records.secrets.secret_names import like_a_key, shown

KEY_VARIABLE = "TARGET_API_KEY"


def key_of(environment: Mapping[str, str]) -> str:
    """The key, or empty.

    Raises:
        ReachError: it holds what no header may; it is not shown.
    """
    key = environment.get(KEY_VARIABLE, "").strip(" ")
    if not (key.isascii() and key.isprintable()):
        raise ReachError(f"{KEY_VARIABLE} holds characters that no header may have")
    return key


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


def request_headers(given: Sequence[str], key: str, key_header: str = "") -> dict[str, str]:
    """What each request says besides the client's own headers, or in their place: what was ``given`` as
    NAME=VALUE, and the key.

    Raises:
        ReachError: one of them cannot be sent, or two say the same. No value is shown.
    """
    carried = key_headers(key, key_header)
    pairs = [_pair(text) for text in given]
    trouble = header_trouble(pairs)
    if trouble:
        raise ReachError(trouble)
    taken = {name.lower() for name in carried}
    twice = next((name for name, _ in pairs if name.lower() in taken), None)
    if twice is not None:
        raise ReachError(f"--header {twice} and {KEY_VARIABLE} both say that header: leave one of them out")
    return carried | dict(pairs)


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name.strip():
        raise ReachError(
            f"--header wants NAME=VALUE, not {shown(name) if separator else 'a value without ='}"
        )
    return name.strip(), value.strip()
