"""Probes from outside: what a new connection met at a service, some times a second, while a load ran
or before it.

A blocked event loop or a full pool answers a cheap path late, and the kernel still takes connections; where
the listen queue is full, connecting itself is late.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from records.cells.measure import percentile
from records.evidence.in_order import in_order
from records.evidence.probe import WITHOUT_TIME, Outcome, Probe


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The probes of one kind that were due within a span of time."""

    kind: str
    probes: int
    """How many were sent,"""
    missed: int
    """and how many were not, behind one that had no answer yet. They are counted as if they had been sent
    when due and answered with it: who leaves them out sees a stall of seconds as one slow probe."""
    skipped: int
    """How many more were not, because the probing process stood still: they enter no figure."""
    failed: float
    """The share of those that were sent or missed that failed."""
    p50_ms: float | None
    """Counted from when they were due, to the connection or to the first byte. Those that timed out or were
    unfinished count with what they had waited, so that these are lower bounds then; those that were refused,
    reset or in error have no time. None without any."""
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    late_p95_ms: float | None
    """How late the probing process itself was: where this is large, the quantiles are not the service's."""
    outcomes: dict[Outcome, int]
    """Of those that were sent."""


@dataclass(frozen=True, slots=True)
class _Due:
    """One that was due, sent or not."""

    at_ns: int
    of: Probe
    sent: bool

    @property
    def wait_ms(self) -> float:
        return (self.of.ended_at_ns - self.at_ns) / 1e6


_PROBE = TypeAdapter(Probe)


def parse(line: bytes) -> Probe:
    """Raises ValueError for what is no probe."""
    probe = _PROBE.validate_json(line)
    if min(probe.missed, probe.skipped) < 0 or not probe.interval_ms > 0:
        raise ValueError(f"a probe cannot have {probe.missed=}, {probe.skipped=}, {probe.interval_ms=}")
    return probe


def read(path: Path) -> list[Probe]:
    """The probes in the order in which they ended, each once; none where there is no file. Bad lines, and a
    last one that a kill cut off, are left out. Raises OSError."""
    if not path.exists():
        return []
    return in_order(path, parse, lambda probe: (probe.ended_at_ns, probe.due_at_ns, probe.kind))


def idle(probes: Iterable[Probe]) -> list[Probe]:
    """Those that were taken before the load began, on purpose: what loaded ones are held against."""
    return [probe for probe in probes if probe.idle]


def summarise(
    probes: Sequence[Probe], start_ns: int | None = None, end_ns: int | None = None
) -> dict[str, Summary]:
    """{kind: its summary} of those due from ``start_ns`` on and before ``end_ns`` (None: no bound)."""
    found: dict[str, list[_Due]] = {}
    for probe in probes:
        for due in _all_due(probe):
            if (start_ns is None or due.at_ns >= start_ns) and (end_ns is None or due.at_ns < end_ns):
                found.setdefault(probe.kind, []).append(due)
    return {kind: _summary(kind, due) for kind, due in found.items()}


def _all_due(probe: Probe) -> Iterator[_Due]:
    """The probe, and those that it kept from being sent."""
    yield _Due(probe.due_at_ns, probe, sent=True)
    for number in range(1, probe.missed + 1):
        yield _Due(probe.due_at_ns + round(number * probe.interval_ms * 1e6), probe, sent=False)


def _summary(kind: str, due: Sequence[_Due]) -> Summary:
    sent = [one.of for one in due if one.sent]
    waits = [one.wait_ms for one in due if one.of.outcome not in WITHOUT_TIME]
    return Summary(
        kind=kind,
        probes=len(sent),
        missed=len(due) - len(sent),
        skipped=sum(probe.skipped for probe in sent),
        failed=sum(one.of.failed for one in due) / len(due),
        p50_ms=percentile(waits, 0.5),
        p95_ms=percentile(waits, 0.95),
        p99_ms=percentile(waits, 0.99),
        max_ms=max(waits, default=None),
        late_p95_ms=percentile([probe.late_ms for probe in sent], 0.95),
        outcomes=dict(Counter(probe.outcome for probe in sent)),
    )
