"""What came of a load: what its processes saw of themselves, and a cell's ``achieved`` from that. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from records.cells import measure
from records.cells.cell import Window
from records.cells.flags import LATE, WARMUP
from records.cells.load_worker import LoadWorker
from records.cells.request import RequestRecord
from records.evidence.noise import Noise
from workloads.workload import Throughput


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What the load processes saw of themselves."""

    window: Window | None
    load_workers: tuple[LoadWorker, ...]
    workers_expected: int
    workers_fewest: int
    connects: int
    connect_ms: float | None
    """Milliseconds a connection took to make, on average."""
    noise: Noise
    """What the machine did meanwhile."""
    complete: bool
    """The end that was planned was reached (or none was planned)."""


def achieved(requests: Sequence[RequestRecord], observed: Observed, throughput: Throughput) -> dict[str, Any]:
    """What came of it; ``records`` are all, ``requests`` and ``failures`` those whose latency counts."""
    window = observed.window
    counted = measure.measured(requests, window)
    answered = sum(r.outcome == "ok" for r in counted)
    return {
        "window": None if window is None else {"start_ns": window.start_ns, "end_ns": window.end_ns},
        "records": len(requests),
        "requests": len(counted),
        "good": answered,
        "failures": len(counted) - answered,
        "answer_s": _rounded(_mean_s([r for r in requests if r.outcome == "ok"])),
        "late": sum(LATE in r.flags for r in counted),
        "warmup": sum(WARMUP in r.flags for r in requests),
        "aborted": sum(r.outcome == "aborted" for r in requests),
        "dropped": sum(r.outcome == "dropped" for r in requests),
        throughput.name: _rounded(measure.rate(requests, window, throughput.of)),
        "loop_lag_p99_ms": _rounded(_worst(one.loop_lag_p99_ms for one in observed.load_workers)),
        "load_workers": [
            asdict(one)
            | {
                "loop_lag_p99_ms": _rounded(one.loop_lag_p99_ms),
                "cpu_percent": _rounded(one.cpu_percent),
                "stood_still_percent": _rounded(one.stood_still_percent),
            }
            for one in observed.load_workers
        ],
        "noise": observed.noise.to_json(),
        "connects": observed.connects,
        "connect_ms": _rounded(observed.connect_ms),
    }


def _mean_s(answers: Sequence[RequestRecord]) -> float | None:
    """How long they took on average, those of the warm-up with them."""
    return fmean(r.ended_at_ns - r.sent_at_ns for r in answers) / 1e9 if answers else None


def _worst(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
