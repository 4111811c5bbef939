"""Which evidence a sweep was to keep with a cell, by its plan, and of how much of a cell's time a file says
something."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import orjson

from records.cells import layout
from records.evidence.samples import samples_in
from records.files import good_lines

Span = tuple[int, int]
"""From when to when something was seen (Unix ns)."""
STARTED_HERE = ("local", "local-equal-cpu", "run", "pod", "podman")
"""The kinds of deployments whose processes are on the sweep's machine."""
BY_PLAN = {
    "inside": layout.INSIDE,
    "probes": layout.PROBES,
    "scrape": layout.SCRAPED,
    "otlp": layout.SPANS,
    "stacks": layout.STACKS,
    "dial": layout.DIAL,
}
"""Keys of a plan, and the file that is kept where one is set."""
OF_ANY_TARGET = (layout.PROBES, layout.SCRAPED)
_GAP_NS, _GAP_SHARE, _GAP_INTERVALS = 1_500_000_000, 0.1, 3
"""How long nothing may be seen: a busy machine's stall, or some of the intervals at which it is looked."""


def expected_files(plan: Any, deployment: str) -> tuple[str, ...]:
    """The files that each cell of that deployment was to have; none where there was no plan."""
    targets = plan.get("targets") if isinstance(plan, dict) else None
    if not isinstance(targets, list):
        return ()
    own = [one for one in targets if isinstance(one, dict) and one.get("label") == deployment]
    specs = [str(one.get("spec")) for one in own]
    here = any(spec.partition(":")[0] in STARTED_HERE for spec in specs)
    entered = {layout.INSIDE} if any(one.get("attach") for one in own) else set()
    there = {layout.PROBES} if specs and all(map(_asked_in_cluster, specs)) else set()
    others = (set(OF_ANY_TARGET) | entered) - there
    kept = [file for key, file in BY_PLAN.items() if plan.get(key) and (here or file in others)]
    return tuple([layout.SAMPLES, *kept] if here and specs else kept)


def _asked_in_cluster(spec: str) -> bool:
    """Does its load run in a cluster, where no probe of the sweep's machine asks? (docs/clusters.md)"""
    kind, _, rest = spec.partition(":")
    options = rest.split(",")[1:]
    here = any(one in ("via=forward", "load=here") or one.startswith("url=") for one in options)
    return kind == "k8s" and ("load=cluster" in options or not here)


def is_kept(folder: Path, file: str) -> bool:
    """A profile is as good as the samples that it was made of."""
    return (folder / file).exists() or (file == layout.SAMPLES and (folder / layout.PROFILE).exists())


def unseen_seconds(folder: Path, file: str, start_ns: int, end_ns: int) -> float:
    """The longest time between these two of which such a file says nothing, 0 where that is no longer than
    can be; all of it where it is of another time. Raises OSError, RecordError."""
    every = sorted(set(SEEN[file](folder)))
    spans = [one for one in every if one[1] >= start_ns and one[0] <= end_ns]
    if not spans:
        return (end_ns - start_ns) / 1e9
    gaps, until = [], start_ns
    for began, ended in (*spans, (end_ns, end_ns)):
        gaps.append(began - until)
        until = max(until, ended)
    # By all lines: of a short time only one may have fallen into it.
    usual = median(after[0] - before[0] for before, after in pairwise(every)) if len(every) > 1 else 0
    most = max(_GAP_NS, _GAP_SHARE * (end_ns - start_ns), _GAP_INTERVALS * usual)
    return longest / 1e9 if (longest := max(gaps)) > most else 0.0


def _lines(began: str, ended: str, file: str) -> Callable[[Path], Iterable[Span]]:
    def span(line: bytes) -> Span:
        raw = orjson.loads(line)
        return int(raw[began]), int(raw[ended])

    return lambda folder: good_lines(folder / file, span)


def _samples(folder: Path) -> Iterable[Span]:
    times = (sample.get("at_ns") for sample in samples_in(folder))
    return [(at, at) for at in times if isinstance(at, int)]


SEEN: Mapping[str, Callable[[Path], Iterable[Span]]] = {
    layout.INSIDE: _lines("at_ns", "at_ns", layout.INSIDE),
    layout.PROBES: _lines("sent_at_ns", "ended_at_ns", layout.PROBES),
    layout.SAMPLES: _samples,
    layout.SCRAPED: _lines("at_ns", "at_ns", layout.SCRAPED),
    layout.DIAL: _lines("start_ns", "end_ns", layout.DIAL),
}
"""Files that tell of all of a cell's time. Stacks are samples of it, and spans' own note says which are
missing."""
