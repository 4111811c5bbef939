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
_ENDS = re.compile(r"\s*\]")
_MOST = 200


def field_errors(said: str) -> RefusedFields | None:
    """Of a refusal's body, which may end in its midst; None where it names no such field.

    An entry repeats what was sent, the question with it: it says the same of each request only without that.
    """
    refused, missed, others, more = [], [], [], False
    for error in _entries(said):
        kind, place = error.get("type"), error.get("loc")
        if not isinstance(kind, str) or not isinstance(place, list):
            more = True
            continue
        # An index says nothing that --field or --drop-field takes; "?" is in no name that is kept.
        parts = [part if isinstance(part, str) else "?" for part in place if not isinstance(part, int)]
        inner = parts[:1] == ["body"] and len(parts) > 1
        # Of a union's members each is tried, and named by its class: that is no field.
        fields = [part for part in parts[1:-1] if not part[:1].isupper()] + parts[-1:]
        name = ".".join(fields if inner else parts)
        if inner and kind in _REFUSED:
            refused.append(name)
        elif inner and kind in _MISSED:
            missed.append(name)
        else:
            others.append(f"{name}: {kind}")
    return RefusedFields.named(refused, missed, others, more=more)


def _entries(said: str) -> Iterator[dict[str, Any]]:
    """One is empty that is no object, and the last where the list does not end behind it."""
    begun, decoder = _BEGINS.match(said), json.JSONDecoder()
    if begun is None:
        return
    at = begun.end()
    for _ in range(_MOST):
        try:
            entry, at = decoder.raw_decode(said, _BETWEEN.match(said, at).end())  # type: ignore[union-attr]
        except (ValueError, RecursionError):
            break
        yield entry if isinstance(entry, dict) else {}
    if not _ENDS.match(said, at):
        yield {}
