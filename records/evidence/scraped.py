"""What services said of themselves while a cell ran, and what that comes to over a span of time."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

import orjson

from records.cells import layout
from records.evidence.in_order import in_order
from records.evidence.series import split

_NS = 1e9
_MOST = 1e290
"""What is more is no figure but "no limit" (``+Inf``, the largest double), and sums of it would overflow."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What one of them said once, or why it did not."""

    at_ns: int
    source: str
    took_ms: float = 0.0
    series: Mapping[str, float] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class SeriesOver:
    """One series over a span."""

    source: str
    name: str
    labels: Mapping[str, str]
    readings: int
    first: float
    last: float
    mean: float
    min: float
    max: float
    per_s: float | None
    """How fast it grew, for what is a sum; None where it fell, or was read once."""


def parse(line: bytes) -> Reading:
    """Raises LookupError, TypeError, ValueError, AttributeError for what is no reading."""
    raw = orjson.loads(line)
    error = raw.get("error")
    return Reading(
        at_ns=int(raw["at_ns"]),
        source=str(raw["source"]),
        took_ms=float(raw["took_ms"]),
        series={str(key): float(value) for key, value in raw.get("series", {}).items()},
        error=None if error is None else str(error),
    )


def read_scraped(path: Path) -> list[Reading]:
    """The readings by their time, one of a source at a moment; bad lines, and a last one that a kill cut off,
    are left out. Raises OSError."""
    return in_order(path, parse, lambda reading: (reading.at_ns, reading.source))


def scraped_in(folder: Path) -> list[Reading]:
    """Of a cell; none where nothing was scraped. Raises OSError."""
    path = folder / layout.SCRAPED
    return read_scraped(path) if path.exists() else []


def scraped_over(readings: Iterable[Reading], span: tuple[int, int] | None = None) -> tuple[SeriesOver, ...]:
    """Each series of each source over a span (Unix ns, both ends in it), by source and key. Values that are
    no figures (more than ``_MOST``) are left out."""
    values: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for reading in readings:
        if span is None or span[0] <= reading.at_ns <= span[1]:
            for key, value in reading.series.items():
                if abs(value) <= _MOST:  # not a number is neither
                    values.setdefault((reading.source, key), []).append((reading.at_ns, value))
    return tuple(_over(source, key, sorted(of)) for (source, key), of in sorted(values.items()))


def _over(source: str, key: str, of: list[tuple[int, float]]) -> SeriesOver:
    (began_ns, first), (ended_ns, last) = of[0], of[-1]
    numbers = [value for _, value in of]
    name, labels = split(key)
    fell = any(after < before for before, after in itertools.pairwise(numbers))
    seconds = (ended_ns - began_ns) / _NS
    return SeriesOver(
        source=source,
        name=name,
        labels=labels,
        readings=len(of),
        first=first,
        last=last,
        mean=fmean(numbers),
        min=min(numbers),
        max=max(numbers),
        per_s=None if fell or not seconds else (last - first) / seconds,
    )
