"""Which fields of a request's body a refusal is for, where it says so in FastAPI's form."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from records.cells.refused_fields import RefusedFields

_REFUSED = frozenset({"extra_forbidden", "value_error.extra"})
_MISSED = frozenset({"missing", "value_error.missing"})
"""Types of pydantic's errors, of its version 2 and 1."""
_BEGINS = re.compile(r'\s*\{\s*"detail"\s*:\s*\[')
_BETWEEN = re.compile(r"\s*,?\s*")
_MOST = 200


def field_errors(said: str) -> RefusedFields | None:
    """Of a refusal's body, which may end in its midst; None where it names no such field.

    An entry repeats what was sent, the question with it: it says the same of each request only without that.
    """
    refused, missed = [], []
    for error in _entries(said):
        kind, place = error.get("type"), error.get("loc")
        if not isinstance(place, list) or place[:1] != ["body"]:
            continue
        name = ".".join(str(part) for part in place[1:] if not isinstance(part, int))
        if kind in _REFUSED:
            refused.append(name)
        elif kind in _MISSED:
            missed.append(name)
    return RefusedFields.named(refused, missed)


def _entries(said: str) -> Iterator[dict[str, Any]]:
    begun, decoder = _BEGINS.match(said), json.JSONDecoder()
    at = begun.end() if begun else len(said)
    for _ in range(_MOST):
        try:
            entry, at = decoder.raw_decode(said, _BETWEEN.match(said, at).end())  # type: ignore[union-attr]
        except (ValueError, RecursionError):
            return
        if isinstance(entry, dict):
            yield entry
