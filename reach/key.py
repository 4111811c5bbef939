"""The key of a service, and the header that carries it: the one place where it is built."""

from __future__ import annotations

import re

from reach.failure import ReachError

KEY_VARIABLE = "TARGET_API_KEY"
_FRAMING = {
    *("host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"),
    *("content-type", "accept-encoding"),
}


def key_headers(key: str, name: str = "") -> dict[str, str]:
    """``Authorization: Bearer KEY``, or with a ``name`` that header with the key itself; none without a key.

    Raises:
        ReachError: the name is none, or there is no key for it. Neither is shown where it may be a key.
    """
    if not name:
        return {"Authorization": f"Bearer {key}"} if key else {}
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", name):
        raise ReachError("--key-header wants the name of a header, such as x-api-key")
    if name.lower() in _FRAMING:
        raise ReachError(f"--key-header {name}: that header says something else to a service")
    if not key:
        raise ReachError(f"--key-header {name} wants the key in the environment, as {KEY_VARIABLE}")
    return {name: key}
