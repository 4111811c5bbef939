"""What `/metrics` shows. A request costs it some appends: what they come to is counted when somebody
asks. (A histogram of prometheus_client takes a lock and goes over its buckets at each observation: of ten a
request, that was a sixth of the CPU of one whose embedding and LLM are mocked.)
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator

import numpy as np
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from target_app.upstream import Upstream
from target_app.vitals import Vitals

STAGES = ("preprocess", "embed", "search", "prompt", "llm")
BUCKETS_S = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
OUTCOMES = ("ok", "error", "cancelled", "refused")
MOST_NOTED = 1024
"""Requests, after which what they noted is counted even if nobody asked."""
_BUCKETS_NS = np.array([round(1e9 * bound) for bound in BUCKETS_S])
_NAME = "target_stage_seconds"
_ABOUT = (
    f"# HELP {_NAME} Time of a stage; the LLM's runs until its first token.\n# TYPE {_NAME} histogram\n"
).encode()


class Times:
    """How long one part of a stage took; ``note`` takes nanoseconds."""

    def __init__(self, labels: str) -> None:
        self._noted = array("q")
        self.note = self._noted.append
        self._counts = np.zeros(len(BUCKETS_S) + 1, dtype=np.int64)
        self._sum_ns = 0
        bounds = (*map(str, BUCKETS_S), "+Inf")
        self._lines = [f'{_NAME}_bucket{{le="{bound}",{labels}}} '.encode() for bound in bounds]
        self._count, self._sum = (f"{_NAME}_{name}{{{labels}}} ".encode() for name in ("count", "sum"))

    def count(self) -> None:
        """Put what was noted into buckets, each of what is at most its bound."""
        noted = np.array(self._noted)
        del self._noted[:]
        self._counts += np.bincount(np.searchsorted(_BUCKETS_NS, noted), minlength=len(self._counts))
        self._sum_ns += int(noted.sum())

    def exposition(self) -> bytes:
        self.count()
        sums = np.cumsum(self._counts).tolist()
        lines = [b"%b%d\n" % pair for pair in zip(self._lines, sums, strict=True)]
        lines.append(b"%b%d\n%b%r\n" % (self._count, sums[-1], self._sum, self._sum_ns / 1e9))
        return b"".join(lines)


class Metrics(Collector):
    """Counters and histograms of one process, in a registry of its own. All in its event loop."""

    def __init__(self) -> None:
        self.upstream = Upstream()
        self.vitals = Vitals(self.upstream)
        self.inflight: Callable[[], int] = int
        """How many requests are being answered."""
        self._requests = dict.fromkeys(OUTCOMES, 0)
        self.queued, self.running = (
            {stage: Times(f'part="{part}",stage="{stage}"') for stage in STAGES}
            for part in ("queued", "running")
        )
        self._times = (*self.queued.values(), *self.running.values())
        self._registry = CollectorRegistry()
        self._registry.register(self.vitals)
        self._registry.register(self)

    def count(self, outcome: str) -> None:
        """One request more of an outcome."""
        self._requests[outcome] += 1
        if not self._requests[outcome] % MOST_NOTED:
            for times in self._times:
                times.count()

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily("target_requests", "Requests by outcome.", labels=["outcome"])
        for outcome, count in self._requests.items():
            requests.add_metric([outcome], count)
        yield requests
        yield GaugeMetricFamily("target_inflight_requests", "Requests being answered.", self.inflight())

    def exposition(self) -> bytes:
        """All of it, in Prometheus's text format 0.0.4."""
        stages = (times.exposition() for times in self._times)
        return b"".join((generate_latest(self._registry), _ABOUT, *stages))
