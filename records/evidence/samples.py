"""Reading the profiler's samples, as it appends them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson

from records.cells import layout
from records.errors import RecordError
from records.evidence.in_order import once_in_order
from records.evidence.possible import refuse_cpu, refuse_numbers, refuse_twice
from records.files import good_lines, read_json, read_lines

MOST_BYTES = 256_000_000
"""Of a profile, which has all samples in one value: those of a day, of a few processes."""
_APART_NS = 50_000_000
"""A profiler may be interrupted between the two clocks that say when it began."""


def read_samples(jsonl_path: Path) -> list[dict[str, Any]]:
    """The samples; a last line that a kill cut off is left out. Raises RecordError for other bad lines."""
    samples = []
    for number, line in read_lines(jsonl_path):
        try:
            sample = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise RecordError(f"{jsonl_path}:{number}: not JSON: {error}") from None
        if not isinstance(sample, dict) or not isinstance(sample.get("profiler"), dict):
            raise RecordError(f"{jsonl_path}:{number}: not a sample of the profiler")
        samples.append(sample)
    return samples


def parse(line: bytes) -> dict[str, Any]:
    """Raises TypeError, ValueError for what is no sample, or says what cannot be."""
    sample = orjson.loads(line)
    if not isinstance(sample, dict) or not isinstance(sample.get("profiler"), dict):
        raise TypeError("not a sample of the profiler")
    if type(sample.get("at_ns")) is not int:
        raise TypeError("a sample of no time")
    return _possible(sample)


def _possible(sample: dict[str, Any]) -> dict[str, Any]:
    """Raises ValueError where it says what cannot be."""
    refuse_numbers(sample)
    system, processes = sample.get("system"), sample.get("processes")
    if isinstance(processes, dict):
        each = processes.get("process_details")
        refuse_twice(one.get("pid") for one in each or () if isinstance(one, dict))
        if isinstance(system, dict):
            refuse_cpu(processes.get("total_cpu_percent"), system.get("cpu_count"))
    return sample


def samples_in(folder: Path) -> list[dict[str, Any]]:
    """The samples of a cell, each once, one profiler's after the other's, by their times: without the bad
    lines, else from the profile that was made of them; none where there is neither. Raises RecordError,
    OSError."""
    if (folder / layout.SAMPLES).exists():
        return _in_order(list(good_lines(folder / layout.SAMPLES, parse)))
    path = folder / layout.PROFILE
    return _in_order(list(_possible_ones(profile_samples(path)))) if path.exists() else []


def _in_order(samples: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Two profilers may have watched at the same time, each other things. One is known by its id, whatever
    its clock says of when it began; an older one, which has none, by that."""
    began_ns = sorted(map(_began_ns, samples))
    first = [at for before, at in pairwise([-_APART_NS, *began_ns]) if at - before >= _APART_NS]
    known: dict[str, int] = {}
    for sample in samples:
        if own := _id(sample):
            known[own] = min(_began_ns(sample), known.get(own, _began_ns(sample)))

    def look(sample: dict[str, Any]) -> tuple[int, str, int]:
        own = _id(sample)
        began = known[own] if own else _began_ns(sample)
        return bisect_right(first, began), own, _at_ns(sample)

    texts = (orjson.dumps(sample, option=orjson.OPT_SORT_KEYS) for sample in samples)
    return once_in_order(zip(texts, samples, strict=True), look)


def _id(sample: dict[str, Any]) -> str:
    own = sample.get("profiler")
    return str(own.get("id", "")) if isinstance(own, dict) else ""


def _at_ns(sample: dict[str, Any]) -> int:
    at = sample.get("at_ns")
    return at if type(at) is int else 0


def _began_ns(sample: dict[str, Any]) -> int:
    """When the profiler did that took it; 0: it does not say, as others of its file."""
    elapsed_s = sample.get("elapsed_seconds")
    return _at_ns(sample) - round(elapsed_s * 1e9) if isinstance(elapsed_s, int | float) else 0


def profile_samples(path: Path) -> list[dict[str, Any]]:
    """Those of a profile, whatever they say. Raises RecordError for what is none, OSError."""
    profile = read_json(path, MOST_BYTES)
    samples = profile.get("data_points") if isinstance(profile, dict) else None
    if not isinstance(samples, list) or not all(isinstance(sample, dict) for sample in samples):
        raise RecordError(f"{path}: not a profile")
    return samples


def impossible_samples(path: Path) -> int:
    """How many of a profile are left out. Raises as `profile_samples`."""
    samples = profile_samples(path)
    return len(samples) - sum(1 for _ in _possible_ones(samples))


def _possible_ones(samples: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for sample in samples:
        with suppress(TypeError, ValueError):
            yield _possible(sample)


def times_ns(jsonl_path: Path) -> list[int]:
    """When the samples were taken (Unix ns); none where there are none. Raises RecordError, OSError."""
    if not jsonl_path.exists():
        return []
    times = (sample.get("at_ns") for sample in read_samples(jsonl_path))
    return [at for at in times if isinstance(at, int)]
