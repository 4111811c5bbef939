"""How much of what was kept beside a cell's requests cannot be read, and is left out wherever it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from records.cells import layout, spans
from records.errors import RecordError
from records.evidence import dial, inside, probes, samples, scraped, stacks
from records.evidence.limits import CellLimits
from records.evidence.pods import CellPods
from records.files import bad_lines, read_json


def parse_llm(line: bytes) -> dict[str, Any]:
    """A line of an LLM server's record. Raises TypeError, ValueError for what is none."""
    raw = orjson.loads(line)
    if not isinstance(raw, dict) or type(raw.get("received_at_ns")) is not int:
        raise TypeError("not a request that was received")
    return raw


def _lines(parse: Callable[[bytes], object]) -> Callable[[Path], int]:
    return partial(bad_lines, parse=parse)


def _whole(read: Callable[[Path], object]) -> Callable[[Path], int]:
    """Of a file that is one value. ``read`` raises RecordError, OSError."""

    def bad(path: Path) -> int:
        read(path)
        return 0

    return bad


EVIDENCE: Mapping[str, Callable[[Path], int]] = {
    layout.INSIDE: inside.bad_samples,
    layout.PROBES: _lines(probes.parse),
    layout.SAMPLES: _lines(samples.parse),
    layout.SCRAPED: _lines(scraped.parse),
    layout.LLM: _lines(parse_llm),
    layout.DIAL: _lines(dial.parse),
    layout.STACKS: _lines(stacks.parse),
    layout.SPANS: spans.bad_spans,
    layout.PROFILE: samples.impossible_samples,
    layout.LIMITS: _whole(lambda path: CellLimits.read(path.parent)),
    layout.PODS: _whole(lambda path: CellPods.read(path.parent)),
    layout.ENDED: _whole(lambda path: str(read_json(path)["text"])),
}
"""All that lies beside a cell's requests, by the names of its files: how many lines of one cannot be read.
Each raises RecordError, LookupError, TypeError or OSError for one of which nothing can."""


def unreadable(path: Path) -> int | None:
    """How many lines of such a file cannot be read; None: the file itself cannot."""
    if not path.exists():
        return 0
    try:
        return EVIDENCE[path.name](path)
    except (RecordError, LookupError, TypeError, OSError):
        return None
