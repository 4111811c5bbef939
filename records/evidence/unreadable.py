"""How much of what was kept beside a cell's requests cannot be read, and is left out wherever it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from records.cells import layout
from records.evidence import dial, inside, probes, samples, scraped
from records.files import bad_lines


def parse_llm(line: bytes) -> dict[str, Any]:
    """A line of an LLM server's record. Raises TypeError, ValueError for what is none."""
    raw = orjson.loads(line)
    if not isinstance(raw, dict) or type(raw.get("received_at_ns")) is not int:
        raise TypeError("not a request that was received")
    return raw


EVIDENCE: Mapping[str, Callable[[bytes], object]] = {
    layout.INSIDE: inside.parse,
    layout.PROBES: probes.parse,
    layout.SAMPLES: samples.parse,
    layout.SCRAPED: scraped.parse,
    layout.LLM: parse_llm,
    layout.DIAL: dial.parse,
}


def unreadable(path: Path) -> int | None:
    """How many lines of such a file cannot be read; None: the file itself cannot."""
    if not path.exists():
        return 0
    try:
        return bad_lines(path, EVIDENCE[path.name])
    except OSError:
        return None
