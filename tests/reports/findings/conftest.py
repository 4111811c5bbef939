"""A service at a light load and a heavy one, with what was seen inside it, on its machine and at its LLM."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from records.cells import layout
from records.cells.reader import read_run
from reports.analysis.analyse import analyse
from reports.analysis.analysis import Analysis
from reports.findings.catalogue import diagnosis
from reports.findings.finding import Finding

Diagnose = Callable[..., list[Finding]]
START_NS = 1_800_000_000_000_000_000


@dataclass(frozen=True, kw_only=True)
class Seen:
    """At one load, all the time the same."""

    users: int
    rps: float
    waits: tuple[dict[str, Any], ...] | None = ()
    """Groups of requests that wait; None: nobody looked."""
    running: dict[str, str] | None = None
    """What the loop's thread is at."""
    loop_busy: float = 1.0
    """In so many of the samples."""
    lag_ms: float = 0.1
    executors: tuple[dict[str, Any], ...] = ()
    threads: tuple[dict[str, Any], ...] = ()
    gc_ms: float = 0.0
    cpu_percent: float = 20.0
    llm_ms: tuple[float, float] | None = None
    """The LLM server's own time to the first token, and from there to the last."""
    llm_queued_ms: float = 0.0
    spec: dict[str, Any] = field(default_factory=dict)

    @property
    def start_ns(self) -> int:
        """Repeats are an hour apart."""
        return START_NS + (self.spec.get("repeat", 1) - 1) * 3_600_000_000_000

    def inside(self) -> bytes:
        waits = self.waits or ()
        sample = {
            "pid": 1, "tasks": 9, "ready": 0,
            "requests": sum(one["count"] for one in waits), "others": 0, "server": 1,
            "groups": [{"of": "request", **one} for one in waits], "executors": list(self.executors),
            "threads": {"count": 9, "groups": list(self.threads)},
            "gc": {"collections": 1, "ms": self.gc_ms, "longest_ms": self.gc_ms}, "errors": 0, "took_us": 9,
        }  # fmt: skip
        return b"".join(
            orjson.dumps({**sample, "at_ns": self.start_ns + i * 100_000_000, "loops": [self.loop(i)]})
            + b"\n"
            for i in range(1, 49)
        )

    def loop(self, i: int) -> dict[str, Any]:
        return {"lag_ms": self.lag_ms, "running": self.running if i <= round(48 * self.loop_busy) else None}

    def profile(self) -> bytes:
        sample = {
            "system": {"cpu_count": 2, "cpu_percent": self.cpu_percent / 2},
            "processes": {"process_count": 1, "total_cpu_percent": self.cpu_percent},
            "profiler": {}, "elapsed_seconds": 1.0,
        }  # fmt: skip
        return b"".join(
            orjson.dumps({**sample, "at_ns": self.start_ns + i * 500_000_000}) + b"\n" for i in range(1, 9)
        )

    def llm(self) -> bytes:
        if self.llm_ms is None:
            return b""
        ttft_ms, streaming_ms = self.llm_ms
        lines = []
        for i in range(round(5 * self.rps)):
            received = self.start_ns + round(i * 1e9 / self.rps)
            first = received + round(1e6 * ttft_ms)
            lines.append({
                "received_at_ns": received, "first_token_at_ns": first, "ttft_ms": ttft_ms,
                "queued_ms": self.llm_queued_ms, "ended_at_ns": first + round(1e6 * streaming_ms),
            })  # fmt: skip
        return b"".join(orjson.dumps(line) + b"\n" for line in lines)


@pytest.fixture
def seen() -> type[Seen]:
    return Seen


@pytest.fixture
def loaded(made: Any, tmp_path: Path) -> Callable[..., Analysis]:
    def run(*loads: Seen) -> Analysis:
        specs = [made.spec(concurrency=one.users, rps=one.rps, **one.spec) for one in loads]
        made.run(tmp_path / "run", specs, plan={"configs": ["baseline"]})
        for one, spec in zip(loads, specs, strict=True):
            folder = tmp_path / "run" / layout.CELLS / spec.name
            if one.waits is not None:
                (folder / layout.INSIDE).write_bytes(one.inside())
            (folder / layout.SAMPLES).write_bytes(one.profile())
            (folder / layout.LLM).write_bytes(one.llm())
        return analyse([read_run(tmp_path / "run")])

    return run


@pytest.fixture
def diagnose(loaded: Callable[..., Analysis]) -> Diagnose:
    """The causes; beside each an autoscaler by CPU sees nothing, for these services hardly take any."""
    return lambda *loads: [one for one in diagnosis(loaded(*loads)) if one.code != "autoscaler-blind"]
