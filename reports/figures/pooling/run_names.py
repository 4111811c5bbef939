"""Rows by their runs' names, where runs differ in the service's code alone: ``before`` and ``after`` tell
which is which, and digits of a digest do not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from records.secrets.secret_names import harmless

SERVICE, CODE = "service", "code"
_STAMP = re.compile(r"^\d{8}T\d{6}Z-(?=.)")


def run_names(facts: Sequence[Mapping[str, str]], sources: Sequence[str]) -> list[str] | None:
    """The name of each cell's run; None where more differs, a run has several codes, or a code several runs.
    ``facts``: in what cells differ, as JSON; ``sources``: the runs' folders."""
    if len(sources) != len(facts) or any(one.keys() != {SERVICE} for one in facts):
        return None
    services = [_json(one[SERVICE]) for one in facts]
    codes = [one.get(CODE) if isinstance(one, dict) else None for one in services]
    others = [{**one, CODE: ""} for one in services if isinstance(one, dict)]
    runs = set(zip(sources, codes, strict=True))
    if None in codes or any(one != others[0] for one in others):
        return None
    if not len(runs) == len(set(sources)) == len(set(codes)):
        return None
    short = {source: _STAMP.sub("", source) for source in sources}
    unique = len(set(short.values())) == len(short)
    return [harmless(short[source] if unique else source) for source in sources]


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:  # of a cell that does not tell it
        return None
