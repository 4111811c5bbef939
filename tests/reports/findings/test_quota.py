"""A service beside itself under a quota: which finding comes first, on what it rests, and what it advises."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from profiler.sampling.sampler import Sampler
from profiler.sampling.watch import Watch
from records.cells import layout
from records.evidence.limits import CellLimits
from reported import analysed, printed, words
from reports.analysis.analysis import Analysis
from reports.findings.catalogue import diagnosis
from sweep.running.cgroups.choice import Cgroups
from sweep.running.cgroups.limits import Limits
from sweep.running.errors import UsageError

LOCAL = (60.0, 1.5, None, 0.0)


def samples(start_ns: int, cores: float, quota: float | None, stopped: float, period_ms: float) -> bytes:
    group: dict[str, Any] = {"cpu_limit_cores": quota, "cpu_period_ms": period_ms}
    lines = []
    for i in range(1, 9):
        if quota is not None:
            group |= {"cpu_periods": 10 * i, "cpu_throttled_periods": 10 * i * stopped}
        lines.append(orjson.dumps({
            "at_ns": start_ns + i * 500_000_000, "elapsed_seconds": 1.0, "profiler": {},
            "system": {"cpu_count": 2, "cgroup": group},
            "processes": {"process_count": 1, "total_cpu_percent": 100 * cores},
        }))  # fmt: skip
    return b"\n".join(lines) + b"\n"


@pytest.fixture
def compared(made: Any, tmp_path: Path) -> Callable[..., Analysis]:
    """Deployments by name: (answers a second at 10 users, cores, quota, share of the periods, more)."""

    def run(*, heavy_repeat: int = 1, **arms: Any) -> Analysis:
        kept = []
        for label, (rps, cores, quota, stopped, *more) in arms.items():
            asked = {"service": {"spec": "local-equal-cpu"}} if "equal" in label else {}
            for users, rate in ((1, rps / 2), (10, rps)):
                repeat = heavy_repeat if users > 1 else 1
                own = {"concurrency": users, "rps": rate, "requested": asked, "repeat": repeat}
                spec = made.spec(deployment=label.replace("_", "-"), **own)
                kept.append((spec, cores, quota, stopped, *(more or (100.0, 2))))
        targets = [{"label": label.replace("_", "-")} for label in arms]
        made.run(tmp_path / "run", [spec for spec, *_ in kept], plan={"targets": targets})
        for spec, *seen, threads in kept:
            folder = tmp_path / "run" / layout.CELLS / spec.name
            start_ns = made.start_ns + (spec.repeat - 1) * 3_600_000_000_000
            (folder / layout.SAMPLES).write_bytes(samples(start_ns, *seen))
            CellLimits(sees={"torch_threads": threads}).write(folder)
        return analysed(tmp_path / "run")

    return run


def test_a_pod_s_quota_comes_first_with_the_threads_that_do_not_fit_it(compared: Any) -> None:
    analysis = compared(local=LOCAL, pod=(20.0, 0.5, 0.5, 0.9))
    first = diagnosis(analysis)[0]
    found = (first.code, first.about.deployment, first.confidence, first.severity)
    assert found == ("cpu-throttled", "pod", "shown", "high")
    assert "Set TORCH_THREADS and OMP_NUM_THREADS to 1" in first.advice
    figures = {one.figure: one.value for one in first.evidence}
    assert (figures["torch threads"], figures["of which fit the limit"]) == (2, 1)
    assert (figures["processor time an answer"], figures["in local"]) == pytest.approx((25, 25), rel=0.1)
    assert " > 1.5" in printed(analysis)


THROTTLED, WASTED = "cpu-throttled", "cpu-oversubscribed"


@pytest.mark.parametrize(("arms", "told"), [
    ({"local": LOCAL, "pod": (20.0, 0.5, 0.5, 0.9)}, [THROTTLED]),
    # An answer takes more processor time than in the other.
    ({"local": (60.0, 1.2, None, 0.0), "pod": (10.0, 0.5, 0.5, 0.9)}, [THROTTLED, WASTED]),
    ({"local": LOCAL, "pod": (20.0, 0.3, 0.5, 0.6)}, [THROTTLED]),  # little of its limit in the mean
    ({"local": LOCAL, "equal_cpu": (25.0, 0.5, 0.5, 0.9, 10.0, 1)}, []),  # short periods are no stops
])  # fmt: skip
def test_what_a_quota_does(compared: Any, arms: dict[str, Any], told: list[str]) -> None:
    found = [one.code for one in diagnosis(compared(**arms))]
    assert [code for code in found if code in (THROTTLED, WASTED)] == told == found[: len(told)]


def test_what_a_quota_does_is_seen_at_the_heaviest_load_alone(compared: Any) -> None:
    """No repeat has the light load, too: that takes nothing from it."""
    arms = {"local": (60.0, 1.2, None, 0.0), "pod": (10.0, 0.5, 0.5, 0.9)}
    found = [(one.code, one.confidence) for one in diagnosis(compared(heavy_repeat=2, **arms))]
    assert found[:2] == [(THROTTLED, "shown"), (WASTED, "shown")]


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_that_fit_are_not_to_be_fewer(compared: Any, threads: int) -> None:
    [first, *_] = diagnosis(compared(pod=(20.0, 1.9, 2.0, 0.9, 100.0, threads)))
    assert first.advice.startswith("Raise the CPU limit: its threads fit it already")


BURSTS = """
import hashlib, sys, time
from concurrent.futures import ThreadPoolExecutor
def compute(_):
    ends = time.thread_time() + 0.025 / 32
    while time.thread_time() < ends:
        hashlib.pbkdf2_hmac("sha256", b"", b"", 300)
with ThreadPoolExecutor(32) as pool:
    while True:
        list(pool.map(compute, range(32)))
        print(flush=True)
        time.sleep(0.8)
"""


def test_bursts_of_many_threads_are_stopped_though_their_mean_is_far_below_the_limit(
    made: Any, tmp_path: Path
) -> None:
    """Really so, in a control group of this machine, as the profiler sees it: 25 ms of processor time in 32
    threads at once, of which the limit has 5 in each period, and then nothing for 800."""
    try:
        group = Cgroups.here().make(Limits(cpu_cores=0.05))
    except UsageError as error:
        pytest.skip(str(error))
    started = [sys.executable, "-c", BURSTS]
    with subprocess.Popen(started, preexec_fn=group.join, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()  # what it takes to start is no burst
            sampler, before = Sampler(Watch([process.pid]), 0.5), group.read()
            seen = [sampler.sample(0)]
            for _ in range(4):
                process.stdout.readline()
                seen.append(sampler.sample(0))
            after = group.read()
        finally:
            process.kill()
    group.remove()
    periods, stopped = (
        (getattr(after, name) or 0) - (getattr(before, name) or 0)
        for name in ("periods", "throttled_periods")
    )
    if stopped < 0.15 * periods:
        pytest.skip("this machine is so busy with others that the limit was not reached")
    spec = made.spec(deployment="pod", seconds=600.0, rps=2.0)
    cell = made.run(tmp_path / "run", [spec]) / layout.CELLS / spec.name
    first_ns = seen[0]["at_ns"]
    lines = [orjson.dumps({**one, "at_ns": one["at_ns"] - first_ns + made.start_ns}) for one in seen]
    (cell / layout.SAMPLES).write_bytes(b"\n".join(lines) + b"\n")
    analysis = analysed(tmp_path / "run")
    machine = analysis.services[0].heavy.machine
    assert machine is not None
    assert machine.busy < 0.7
    assert diagnosis(analysis)[0].code == THROTTLED


def test_the_gap_is_split_by_the_arm_of_equal_cpu(compared: Any) -> None:
    equal = (16.0, 0.5, 0.5, 0.9, 10.0, 1)
    analysis = compared(local=(64.0, 1.5, None, 0.0), local_equal_cpu=equal, pod=(8.0, 0.5, 0.5, 0.9))
    [gap] = [one for one in analysis.gaps if one.load.users == 10]
    assert (gap.whole.value, gap.less.value, gap.wasted.value) == pytest.approx((8, 4, 2), rel=0.1)
    assert gap.less_share == pytest.approx(2 / 3, rel=0.1)
    assert "Why pod answers less than local" in printed(analysis, 200)
    assert f"{100 * gap.less_share:.0f} %" in words(analysis)
    pairs = [(r.first, r.second) for r in analysis.deployment_ratios if r.load.users == 10]
    assert pairs == [("local", "local-equal-cpu"), ("local", "pod")]


def test_of_unequal_cpu_no_share_is_told(compared: Any) -> None:
    equal = (16.0, 0.1, 0.5, 0.0, 10.0, 1)
    analysis = compared(local=(64.0, 1.5, None, 0.0), local_equal_cpu=equal, pod=(8.0, 0.2, 0.5, 0.9))
    assert {gap.less_share for gap in analysis.gaps} == {None}
    assert "(0.10/0.20 cores)" in printed(analysis, 200)
