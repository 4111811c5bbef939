"""Whoever never answered a probe or a scrape all the time: what was asked for, and is not there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from records.evidence.probe import ACCEPT
from records.files import read_lines
from records.secrets.urls import blank_urls

_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_UNKNOWN_HOST = "gaierror"

Failures = dict[str, Counter[str]]


def unanswered_probes(url: str, paths: Iterable[str], file: Path) -> dict[str, str]:
    """A line by what was probed: the service, or a path where the rest of it answers. Raises OSError."""
    url = blank_urls(url).rstrip("/")
    kinds = {ACCEPT, *paths}
    failed, answered = _failures(file, "kind", kinds, _of_probe)
    if not failed and not answered:
        return {"": f"no probe of {url} was taken"}
    if not answered:
        return {"": f"no probe of {url} succeeded ({_counted(sum(failed.values(), Counter()))})"}
    return {
        kind: f"no probe of {url}{'' if kind == ACCEPT else kind} succeeded ({_counted(of)})"
        for kind, of in failed.items()
    }


def unanswered_scrapes(names: Iterable[str], file: Path) -> dict[str, str]:
    """A line by the name of what was scraped. Raises OSError."""
    names = list(names)
    failed, answered = _failures(file, "source", set(names), _of_scrape)
    lines = {}
    for name in (one for one in names if one not in answered):
        of = failed.get(name, Counter())
        why = next(iter(of)) if len(of) == 1 else _counted(of)
        lines[name] = f"scrape {name}: " + (
            f"{of.total()} of {of.total()} failed ({why})" if of else "no answer came in time"
        )
    return lines


def _failures(
    file: Path, by: str, names: set[str], failure: Callable[[dict[str, Any]], str | None]
) -> tuple[Failures, set[str]]:
    """How those failed that never answered, and who answered. It reads on only while one of them has not: the
    files of a day are large. A line that is none is for who reads it."""
    failed: Failures = {}
    answered: set[str] = set()
    for _, line in read_lines(file) if file.exists() else ():
        with suppress(orjson.JSONDecodeError, LookupError, TypeError):
            raw = orjson.loads(line)
            if (name := raw[by]) in answered:
                continue
            if (why := failure(raw)) is not None:
                failed.setdefault(name, Counter())[why] += 1
                continue
            answered.add(name)
            failed.pop(name, None)
            if answered >= names:
                break
    return failed, answered


def _of_probe(raw: dict[str, Any]) -> str | None:
    if raw["outcome"] == "ok":
        return None
    return f"HTTP {raw['status']}" if raw["status"] else str(raw["outcome"])


def _of_scrape(raw: dict[str, Any]) -> str | None:
    """``ConnectionRefusedError`` as anybody says it."""
    error = raw.get("error")
    if error is None or " " in error:
        return error
    return "unknown host" if error == _UNKNOWN_HOST else _WORDS.sub(" ", error.removesuffix("Error")).lower()


def _counted(of: Counter[str]) -> str:
    return ", ".join(f"{count} {one}" for one, count in of.most_common())
