"""Which headers a user may give a request, and what they may say."""

from __future__ import annotations

import re
from collections.abc import Iterable

from records.kept import shown

_FRAMING = {
    *("connection", "content-encoding", "content-length", "expect", "http2-settings", "keep-alive"),
    *("te", "trailer", "transfer-encoding", "upgrade"),
}
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # a token, RFC 9110 5.6.2


def header_trouble(pairs: Iterable[tuple[str, str]]) -> str | None:
    """What is wrong with the first of the headers that cannot be sent, or None. A value is not shown: it
    may be a secret."""
    seen: set[str] = set()
    for name, value in pairs:
        small = name.lower()
        if not _NAME.fullmatch(name):
            return f"--header wants NAME=VALUE; {shown(name)} is not a header's name"
        if small in _FRAMING or small.startswith("proxy-"):
            return f"--header {name}: that header is the client's own, which frames requests and connects"
        if small == "accept-encoding":
            return (
                f"--header {name}: answers are asked for uncompressed, or their times would be a compressor's"
            )
        if not value:
            return f"--header {name} has no value"
        if not value.isprintable() or not value.isascii():
            return f"the value of header {name} holds characters that no header may have"
        if small in seen:
            return f"--header {name} is given twice (small or capital letters are the same)"
        seen.add(small)
    return None
