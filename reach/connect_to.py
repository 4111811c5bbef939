"""``--connect-to HOST:PORT``: where a connection is made, in place of where the service, or its proxy, is."""

from __future__ import annotations

import re

from reach.failure import ReachError

_PLACE = re.compile(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([^\s:\[\]/@]{1,253})):(\d{1,5})", re.ASCII)
Place = tuple[str, int]


def place_of(text: str, name: str) -> Place | None:
    """None for an empty text. Raises ReachError, which says ``name``, for what is no place."""
    if not text:
        return None
    found = _PLACE.fullmatch(text)
    if not found or not 0 < int(found[3]) < 65536:
        raise ReachError(f"{name} takes HOST:PORT, such as 127.0.0.1:8101")
    return found[1] or found[2], int(found[3])
