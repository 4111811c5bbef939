"""What `/metrics` shows. Label children are looked up once: a look-up costs more than counting."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from target_app.upstream import Upstream
from target_app.vitals import Vitals

STAGES = ("preprocess", "embed", "search", "prompt", "llm")
BUCKETS_S = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
OUTCOMES = ("ok", "error", "cancelled", "refused")


class Metrics:
    """Counters and histograms of one process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.upstream = Upstream()
        self.vitals = Vitals(self.upstream)
        self.registry.register(self.vitals)
        requests = Counter("target_requests", "Requests by outcome.", ["outcome"], registry=self.registry)
        self.requests = {outcome: requests.labels(outcome) for outcome in OUTCOMES}
        stages = Histogram(
            "target_stage_seconds",
            "Time of a stage; the LLM's runs until its first token.",
            ["stage", "part"],
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        self.queued = {stage: stages.labels(stage, "queued") for stage in STAGES}
        self.running = {stage: stages.labels(stage, "running") for stage in STAGES}
        self.inflight = Gauge("target_inflight_requests", "Requests being answered.", registry=self.registry)
