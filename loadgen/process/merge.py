"""What the workers of one run say, put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

from loadgen.engine.driver import Driver
from loadgen.engine.session import Session
from loadgen.process.observed import Observed
from records.cells.cell import Window
from records.cells.load_worker import LoadWorker
from records.evidence.noise import Noise

Summary = Mapping[str, Any]
"""What a process saw of itself, as `Driver.summary` gives it."""


class Report(TypedDict):
    """A worker's message. Counts are those since its start, ``lines`` the records since the last report."""

    id: str
    ended: int
    measured: int
    clean: int
    records: int
    """How many records it has made: all of them must have arrived in the end."""
    lines: bytes
    exhausted: bool
    """Its share of a finite task's items was asked."""
    summary: Summary | None
    """Only in its last report, when its streams have drained."""


@dataclass(kw_only=True)
class Merge:
    """One run as the master sees it; most of it by worker."""

    id: str
    session: Session
    expected: int
    fewest: int = field(init=False)
    """Workers that were there at any time, and in the end with all their records."""
    members: set[str] = field(default_factory=set)
    """Who takes part: those of the start, and who came later and was given users."""
    counts: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """Requests ended, measured, clean."""
    records: dict[str, int] = field(default_factory=dict)
    """Records that have arrived."""
    summaries: dict[str, Summary] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    """The workers that reported for the last time, and none of whose records is missing."""
    refused: dict[str, str] = field(default_factory=dict)
    """Why a worker could not take part."""
    exhausted: set[str] = field(default_factory=set)
    """Those who have asked all that there is for them to ask."""
    deserted: bool = False
    """It ended because no worker was left."""

    def __post_init__(self) -> None:
        self.fewest = self.expected

    @classmethod
    def of(cls, driver: Driver) -> Merge:
        """A process alone, as a merge of one."""
        merge = cls(id="", session=driver.session, expected=1)
        merge.summaries["local"] = driver.summary()
        return merge

    def take(self, worker: str, report: Report) -> None:
        self.members.add(worker)
        self.counts[worker] = (report["ended"], report["measured"], report["clean"])
        self.records[worker] = self.records.get(worker, 0) + report["lines"].count(b"\n")
        if report["exhausted"]:
            self.exhausted.add(worker)
        if report["summary"] is not None:
            self.summaries[worker] = report["summary"]
            if self.records[worker] == report["records"]:
                self.whole.add(worker)

    @property
    def finished(self) -> set[str]:
        """Those of whom no further report is due."""
        return self.summaries.keys() | self.refused.keys()

    def count_whole(self) -> None:
        """In the end: a worker that did not deliver everything was lost."""
        self.fewest = min(self.fewest, max(0, self.expected - len(self.members - self.whole)))

    def decide(self, now_ns: int) -> None:
        """End the warm-up or the run by the sums of the workers' counts."""
        session, counts = self.session, self.counts.values()
        session.ended, session.measured, session.clean = (sum(each[i] for each in counts) for i in range(3))
        session.decide(now_ns)
        session.look(now_ns)

    def observed(self, *, complete: bool, noise: Noise) -> Observed:
        """The window all workers were measuring in, and what each saw of itself."""
        values = list(self.summaries.values())
        # Unix nanoseconds are kept as integers: a float would round them to 256 ns.
        start = max((s["start_ns"] for s in values if s.get("start_ns")), default=0)
        end = min((s["end_ns"] for s in values if s.get("end_ns")), default=0)
        window = Window(start_ns=start, end_ns=end) if 0 < start < end else None
        connects = int(sum(s.get("connects") or 0 for s in values))
        connect_ns = sum(s.get("connect_ns") or 0 for s in values)
        return Observed(
            window=window,
            load_workers=tuple(sorted(map(_load_worker, values), key=lambda one: one.worker)),
            workers_expected=self.expected,
            workers_fewest=self.fewest,
            connects=connects,
            connect_ms=connect_ns / 1e6 / connects if connects else None,
            complete=complete,
            noise=noise,
        )


def _load_worker(summary: Summary) -> LoadWorker:
    return LoadWorker(
        worker=str(summary.get("worker") or ""),
        region=str(summary.get("region") or ""),
        loop_lag_p99_ms=summary.get("lag_p99_ms"),
        cpu_percent=summary.get("cpu_percent"),
        stood_still_percent=summary.get("stood_still_percent"),
        priority=str(summary.get("priority") or ""),
    )
