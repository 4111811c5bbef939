"""Two deployments of a known gap: what each hypothesis takes of it, and what can be said of none."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from records.cells import layout
from records.evidence.limits import CellLimits
from reported import analysed, head, printed
from reports.as_json.results import results_json
from reports.evidence.hypotheses import GapCauses, Hypothesis
from reports.words.gap_causes import IN_BRIEF
from seen_loads import lines

PROCESS, THREADS, MEMORY, STOPPED = "one-process", "fewer-threads", "memory-gc", "cpu-throttling"
CAUSES = (PROCESS, THREADS, MEMORY, STOPPED)


@dataclass(frozen=True, kw_only=True)
class Arm:
    """At 10 users: answers a second, cores used, quota, stopped CPU-seconds a second; of 100 ms so many of
    garbage collection; how many of the requests are where; processes; threads of the executor."""

    rps: float
    cores: float = 0.4
    quota: float | None = None
    stopped: float = 0.0
    gc_ms: float = 0.0
    queued: int = 0
    ready: int = 0
    servers: int = 1
    most: int = 6
    torch: int = 2
    faults: float | None = 0.0
    inside: bool = True
    profile: bool = True
    limits: CellLimits | None = None
    repeats: dict[int, float] = field(default_factory=lambda: {1: 1.0, 2: 1.0})
    """By their numbers, how many times those answers a second."""


def profile(arm: Arm, start_ns: int) -> bytes:
    def at(i: int) -> dict[str, Any]:
        group = {"cpu_limit_cores": arm.quota, "cpu_throttled_seconds": i / 2 * arm.stopped}
        own = {"pid": 1, "major_faults": None if arm.faults is None else i / 2 * arm.faults}
        return {
            "at_ns": start_ns + i * 500_000_000, "elapsed_seconds": 1.0, "profiler": {},
            "system": {"cpu_count": 2, "cgroup": group},
            "processes": {
                "process_count": 1, "total_cpu_percent": 100 * arm.cores, "process_details": [own],
            },
        }  # fmt: skip

    return lines(at(i) for i in range(1, 9))


def inside(arm: Arm, start_ns: int) -> bytes:
    waits = [{"of": "request", "kind": kind, "count": count}
             for kind, count in (("executor-queue", arm.queued), ("ready", arm.ready)) if count]  # fmt: skip
    elsewhere = {"of": "request", "kind": "lock", "count": 10 - arm.queued - arm.ready}

    def sample(pid: int, groups: list[dict[str, Any]], at: int) -> dict[str, Any]:
        pool = {"name": "default", "max": arm.most, "threads": arm.most, "busy": arm.most, "queued": 1}
        return {
            "pid": pid, "at_ns": start_ns + at * 100_000_000, "server": 1, "others": 0,
            "requests": sum(one["count"] for one in groups), "groups": groups,
            "executors": [pool], "threads": {"count": 9, "groups": []},
            "loops": [{"lag_ms": 0.1, "running": None}], "errors": 0, "took_us": 9,
            "gc": {"collections": 1, "ms": arm.gc_ms, "longest_ms": arm.gc_ms},
        }  # fmt: skip

    each = [(1 + n, [*waits, elsewhere] if n == 0 else []) for n in range(arm.servers)]
    return lines(sample(pid, groups, at) for at in range(1, 49) for pid, groups in each)


@pytest.fixture
def causes(made: Any, tmp_path: Path) -> Callable[..., Any]:
    def run(local: Arm, pod: Arm) -> Any:
        arms = {"local": local, "pod": pod}
        specs = [
            (arm, made.spec(deployment=name, rps=arm.rps * times, repeat=repeat))
            for name, arm in arms.items()
            for repeat, times in arm.repeats.items()
        ]
        targets = [{"label": name} for name in arms]
        made.run(tmp_path / "run", [spec for _, spec in specs], plan={"targets": targets})
        for arm, spec in specs:
            folder = tmp_path / "run" / layout.CELLS / spec.name
            start = made.start_ns + (spec.repeat - 1) * 3_600_000_000_000
            if arm.inside:
                (folder / layout.INSIDE).write_bytes(inside(arm, start))
            if arm.profile:
                (folder / layout.SAMPLES).write_bytes(profile(arm, start))
            (arm.limits or CellLimits(sees={"torch_threads": arm.torch})).write(folder)
        return analysed(tmp_path / "run")

    return run


def by_code(found: GapCauses) -> dict[str, Hypothesis]:
    parts = [one.part.value for one in found.hypotheses if one.part is not None]
    assert sum(parts) + found.rest.value == pytest.approx(found.gap.value)
    return {one.code: one for one in found.hypotheses}


LOCAL = Arm(rps=50)  # a cycle of 200 ms
STOPPED_POD = Arm(rps=10, cores=0.5, quota=0.5, stopped=1.5)  # of 1000 ms, of which 750 it stands still


@pytest.mark.parametrize(("local", "pod", "confirmed", "ms"), [
    (LOCAL, STOPPED_POD, STOPPED, 750),
    # On one CPU, as far as it is on any: half of the time it is stopped, and half of that is idle.
    (LOCAL, Arm(rps=10, cores=0.25, quota=0.3, stopped=0.25), STOPPED, 250),
    (LOCAL, Arm(rps=10, gc_ms=40), MEMORY, 400),
    (Arm(rps=50, most=6), Arm(rps=10, most=2, queued=8), THREADS, 800),
    (Arm(rps=50, servers=4), Arm(rps=10, ready=6), PROCESS, 600),
    # What is stopped waits nowhere meanwhile.
    (Arm(rps=50, most=6), Arm(rps=10, most=2, queued=8, cores=0.3, quota=0.5, stopped=0.5), THREADS, 400),
])  # fmt: skip
def test_each_takes_its_part_of_the_gap(causes: Any, local: Arm, pod: Arm, confirmed: str, ms: float) -> None:
    analysis = causes(local, pod)
    [found] = analysis.gap_causes
    assert (found.faster, found.slower, found.gap.value) == ("local", "pod", pytest.approx(800, rel=0.02))
    own = by_code(found)[confirmed]
    assert own.verdict == "confirmed"
    assert own.part is not None
    assert own.part.value == pytest.approx(ms, rel=0.05)
    assert own.part.low < own.part.value < own.part.high  # type: ignore[operator]
    others = {one.code: one.verdict for one in found.hypotheses if one.code != confirmed}
    stopped = pod.stopped and confirmed != STOPPED
    assert set(others.values()) == ({"refuted", "confirmed"} if stopped else {"refuted"})
    [kept] = results_json(analysis)["gap_causes"]
    assert {one["code"]: one["verdict"] for one in kept["hypotheses"]}[confirmed] == "confirmed"
    text = printed(analysis, 200)
    assert "Where the time goes by which pod is slower than local" in text
    assert "None of these" in text
    assert f"{IN_BRIEF[confirmed]} ({100 * own.share:.0f} %)" in head(analysis)  # type: ignore[operator]


FULL = {"cores": 1.9}
BLIND = {"inside": False, "profile": False}


@pytest.mark.parametrize(("local", "pod", "code", "why"), [
    (LOCAL, Arm(rps=10, **BLIND), MEMORY, "not-seen-inside"),
    (LOCAL, Arm(rps=10, **BLIND), STOPPED, "no-counters"),
    (LOCAL, Arm(rps=10, most=2, queued=8, **FULL), THREADS, "processor-full"),
    (Arm(rps=50, servers=4), Arm(rps=10, ready=9, **FULL), PROCESS, "processor-full"),
    (LOCAL, Arm(rps=10, torch=1), THREADS, "fewer-to-compute"),
    (LOCAL, Arm(rps=10, faults=300.0), MEMORY, "faults"),
    (LOCAL, Arm(rps=10, faults=None), MEMORY, "faults"),
    (LOCAL, Arm(rps=10, gc_ms=9, repeats={1: 1.5, 2: 0.5}), MEMORY, "chance"),
])  # fmt: skip
def test_what_cannot_be_told_says_why(causes: Any, local: Arm, pod: Arm, code: str, why: str) -> None:
    [found] = causes(local, pod).gap_causes
    own = by_code(found)[code]
    assert (own.verdict, own.why) == ("untestable", why)


def test_the_slower_one_is_explained_whichever_it_is(causes: Any) -> None:
    [found] = causes(STOPPED_POD, LOCAL).gap_causes
    assert (found.faster, found.slower) == ("pod", "local")
    assert by_code(found)[STOPPED].verdict == "confirmed"


def test_without_a_gap_nothing_is_explained(causes: Any) -> None:
    analysis = causes(LOCAL, LOCAL)
    assert analysis.gap_causes == ()
    assert "Where the time goes" not in printed(analysis)


def test_of_pods_in_a_cluster_their_counters_tell(causes: Any) -> None:
    """Of two, each of which stood still for three quarters of the time."""
    counted = CellLimits(
        by="cgroup v2", cpu_limit_cores=0.5, cpu_seconds=5.0, throttled_seconds=15.0, seconds=5.0,
        nr_periods=100, nr_throttled=90, replicas=2,
    )  # fmt: skip
    [found] = causes(LOCAL, Arm(rps=10, limits=counted, **BLIND)).gap_causes
    stopped = by_code(found)[STOPPED]
    assert (stopped.verdict, stopped.share) == ("confirmed", pytest.approx(750 / 800, rel=0.03))
