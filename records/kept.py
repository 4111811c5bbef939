"""What may be kept: no secret, and no bytes that are not text."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

# A limit such as max_tokens, stop_token_ids, keywords, passages or an author is none.
_SECRET = re.compile(
    r"auth(?!or(?!i))|key(?!word)|token(?!s|_?id)|secret|cookie|(?<!by)pass(?!age)|pw|credential",
    re.IGNORECASE,
)


def is_secret(name: str) -> bool:
    """Does the name of a header, field or query parameter look like a secret's?"""
    return _SECRET.search(name) is not None


def shown(name: str) -> str:
    """The name, for a message; not what may be a value that was written where a name belongs."""
    return repr(name) if re.fullmatch(r"[\w.-]{1,80}", name) else "that"


def secret_in_query(path: str) -> str | None:
    """The name of the first parameter in the path's query that looks like a secret's."""
    query = path.partition("?")[2]
    return next((name for name, _ in parse_qsl(query, keep_blank_values=True) if is_secret(name)), None)


def is_utf8(text: str) -> bool:
    """Bytes of the command line that are no UTF-8 come to us as lone surrogates; no record can hold them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
