"""A service at a light load and a heavy one, with what was seen inside it, on its machine and at its LLM."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

START_NS = 1_800_000_000_000_000_000


def lines(each: Iterable[Any]) -> bytes:
    return b"".join(orjson.dumps(one) + b"\n" for one in each)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """At one load, all the time the same: the groups of requests that wait (None: nobody looked), what the
    loop's thread is at (several things: in turn) and in so many of the samples, how many other processes of
    the server's have none of them, and the LLM server's own time to the first token and from there to the
    last."""

    users: int
    rps: float
    waits: tuple[dict[str, Any], ...] | None = ()
    running: dict[str, str] | tuple[dict[str, str], ...] | None = None
    loop_busy: float = 1.0
    lag_ms: float = 0.1
    idle: int = 0
    looped: bool = True
    executors: tuple[dict[str, Any], ...] = ()
    threads: tuple[dict[str, Any], ...] = ()
    gc_ms: float = 0.0
    gc_longest_ms: float | None = None
    cpu_percent: float = 20.0
    turn_ms: float | None = None
    main_cpu: float | None = None
    main_delay: float = 0.0
    loop_cpu: float | None = None
    run_delay: float = 0.0
    llm_ms: tuple[float, float] | None = None
    llm_queued_ms: float = 0.0
    llm_recorded: bool = True
    profiled: bool = True
    spec: dict[str, Any] = field(default_factory=dict)

    @property
    def start_ns(self) -> int:
        """Repeats are an hour apart."""
        return START_NS + (self.spec.get("repeat", 1) - 1) * 3_600_000_000_000

    def inside(self) -> bytes:
        waits = self.waits or ()
        sample = {
            "pid": 1, "tasks": 9, "ready": 0,
            "requests": sum(one["count"] for one in waits if "of" not in one),
            "others": sum(one["count"] for one in waits if one.get("of") == "task"), "server": 1,
            "groups": [{"of": "request", **one} for one in waits], "executors": list(self.executors),
            "threads": {"count": 9, "groups": list(self.threads)},
            "gc": {"collections": 1, "ms": self.gc_ms, "longest_ms": self.gc_longest_ms or self.gc_ms},
            "turn_ms": self.turn_ms, "errors": 0, "took_us": 9,
        }  # fmt: skip
        works = self.running if isinstance(self.running, tuple) else (self.running,)
        runs = (works[i % len(works)] if i <= round(48 * self.loop_busy) else None for i in range(1, 49))
        ats = [self.start_ns + i * 100_000_000 for i in range(1, 49)]
        loops = (
            [{"lag_ms": self.lag_ms, "running": one, **self._clocks(at)}]
            for one, at in zip(runs, ats, strict=True)
        )
        if not self.looped:
            loops = ([] for _ in range(48))
        free = {**sample, "requests": 0, "groups": [], "loops": [{"lag_ms": 0.1, "running": None}]}
        return lines(
            [{**sample, "at_ns": at, "loops": loop} for at, loop in zip(ats, loops, strict=True)]
            + [{**free, "pid": 2 + n, "at_ns": at} for n in range(self.idle) for at in ats]
        )

    def _clocks(self, at_ns: int) -> dict[str, int]:
        """Of the loop's thread, which is the busiest main one where ``loop_cpu`` does not say what else it
        has; nothing where neither is said."""
        on_cpu = self.main_cpu if self.loop_cpu is None else self.loop_cpu
        if on_cpu is None:
            return {}
        since_ns = at_ns - self.start_ns
        return {
            "cpu_ns": round(on_cpu * since_ns),
            "cpu_wait_ns": round(self.main_delay * since_ns),
        }

    def profile(self) -> bytes:
        sample = {
            "system": {"cpu_count": 2, "cpu_percent": self.cpu_percent / 2},
            "processes": {"process_count": 1, "total_cpu_percent": self.cpu_percent},
            "profiler": {}, "elapsed_seconds": 1.0,
        }  # fmt: skip
        return lines(
            {**sample, "at_ns": self.start_ns + i * 500_000_000, **self._threads(i / 2)} for i in range(1, 9)
        )

    def _threads(self, seconds: float) -> dict[str, Any]:
        """What the kernel counts of them; nothing where it is not said how much the main one has."""
        if self.main_cpu is None:
            return {}
        cpu = self.cpu_percent / 100
        waited = cpu * self.run_delay / (1 - self.run_delay)
        main = {"cpu_seconds": self.main_cpu * seconds, "run_delay_seconds": self.main_delay * seconds}
        threads = {"cpu_seconds": cpu * seconds, "run_delay_seconds": waited * seconds, "main": main}
        processes = {"process_count": 1, "total_cpu_percent": self.cpu_percent}
        return {"processes": {**processes, "process_details": [{"pid": 1, "threads": threads}]}}

    def llm(self) -> bytes:
        if self.llm_ms is None:
            return b""
        ttft_ms, streaming_ms = self.llm_ms
        own = {"ttft_ms": ttft_ms, "queued_ms": self.llm_queued_ms}
        first, last = round(1e6 * ttft_ms), round(1e6 * ttft_ms) + round(1e6 * streaming_ms)
        ats = (self.start_ns + round(i * 1e9 / self.rps) for i in range(round(5 * self.rps)))
        return lines(
            {**own, "received_at_ns": at, "first_token_at_ns": at + first, "ended_at_ns": at + last}
            for at in ats
        )
