"""A service beside itself under a quota: which finding comes first, on what it rests, and what it advises."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from records.cells import layout
from records.cells.reader import read_run
from records.evidence.limits import CellLimits
from reported import printed, words
from reports.analysis.analyse import analyse
from reports.analysis.analysis import Analysis
from reports.findings.catalogue import diagnosis

START_NS = 1_800_000_000_000_000_000
EQUAL = {"service": {"spec": "local-equal-cpu"}}


def samples(start_ns: int, cores: float, quota: float | None, stopped: float, period_ms: float) -> bytes:
    group = {"cpu_limit_cores": quota, "cpu_period_ms": period_ms}
    lines = []
    for i in range(1, 9):
        counts = {} if quota is None else {"cpu_periods": 10 * i, "cpu_throttled_periods": 10 * i * stopped}
        lines.append({
            "at_ns": start_ns + i * 500_000_000, "elapsed_seconds": 1.0, "profiler": {},
            "system": {"cpu_count": 2, "cgroup": {**group, **counts}},
            "processes": {"process_count": 1, "total_cpu_percent": 100 * cores},
        })  # fmt: skip
    return b"".join(orjson.dumps(line) + b"\n" for line in lines)


@pytest.fixture
def compared(made: Any, tmp_path: Path) -> Callable[..., Analysis]:
    """Deployments by name: (answers a second at 10 users, cores, quota, share of the periods, more)."""

    def run(**arms: Any) -> Analysis:
        specs, kept = [], []
        for label, (rps, cores, quota, stopped, *more) in arms.items():
            name, requested = label.replace("_", "-"), EQUAL if "equal" in label else {}
            for users in (1, 10):
                spec = made.spec(
                    deployment=name, concurrency=users, rps=rps if users > 1 else rps / 2, requested=requested
                )
                specs.append(spec)
                kept.append((spec, cores, quota, stopped, *(more or (100.0, 2))))
        targets = [{"label": label.replace("_", "-")} for label in arms]
        made.run(tmp_path / "run", specs, plan={"targets": targets})
        for spec, cores, quota, stopped, period_ms, threads in kept:
            folder = tmp_path / "run" / layout.CELLS / spec.name
            (folder / layout.SAMPLES).write_bytes(samples(START_NS, cores, quota, stopped, period_ms))
            CellLimits(sees={"torch_threads": threads}).write(folder)
        return analyse([read_run(tmp_path / "run")])

    return run


def test_a_pod_s_quota_comes_first_with_the_threads_that_do_not_fit_it(compared: Any) -> None:
    analysis = compared(local=(60.0, 1.5, None, 0.0), pod=(20.0, 0.5, 0.5, 0.9))
    first = diagnosis(analysis)[0]
    assert (first.code, first.about.deployment, first.confidence, first.severity) == (
        "cpu-throttled", "pod", "shown", "high",
    )  # fmt: skip
    assert "Set TORCH_THREADS and OMP_NUM_THREADS to 1" in first.advice
    figures = {one.figure: one.value for one in first.evidence}
    assert (figures["torch threads"], figures["of which fit the limit"]) == (2, 1)
    assert figures["processor time an answer"] == pytest.approx(25.0, rel=0.1)
    assert figures["in local"] == pytest.approx(25.0, rel=0.1)
    assert "cpu-oversubscribed" not in {one.code for one in diagnosis(analysis)}
    assert " > 1.5" in printed(analysis)


def test_processor_time_that_an_answer_takes_more_of_is_wasted(compared: Any) -> None:
    found = diagnosis(compared(local=(60.0, 1.2, None, 0.0), pod=(10.0, 0.5, 0.5, 0.9)))
    assert [one.code for one in found][:2] == ["cpu-throttled", "cpu-oversubscribed"]


def test_it_throttles_however_little_of_its_limit_it_takes_in_the_mean(compared: Any) -> None:
    found = diagnosis(compared(local=(60.0, 1.5, None, 0.0), pod=(20.0, 0.3, 0.5, 0.6)))
    assert found[0].code == "cpu-throttled"


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_that_fit_are_not_to_be_fewer(compared: Any, threads: int) -> None:
    [first, *_] = diagnosis(compared(pod=(20.0, 1.9, 2.0, 0.9, 100.0, threads)))
    assert first.advice.startswith("Raise the CPU limit: its threads fit it already")


def test_short_periods_are_no_stops(compared: Any) -> None:
    found = diagnosis(compared(local=(60.0, 1.5, None, 0.0), equal_cpu=(25.0, 0.5, 0.5, 0.9, 10.0, 1)))
    assert not {"cpu-throttled", "cpu-oversubscribed"} & {one.code for one in found}


def test_the_gap_is_split_by_the_arm_of_equal_cpu(compared: Any) -> None:
    analysis = compared(
        local=(64.0, 1.5, None, 0.0), local_equal_cpu=(16.0, 0.5, 0.5, 0.9, 10.0, 1), pod=(8.0, 0.5, 0.5, 0.9)
    )
    [gap] = [one for one in analysis.gaps if one.load.users == 10]
    assert (gap.whole.value, gap.less.value, gap.wasted.value) == pytest.approx((8, 4, 2), rel=0.1)
    assert gap.less_share == pytest.approx(2 / 3, rel=0.1)
    assert "Why pod answers less than local" in printed(analysis, 200)
    assert f"{100 * gap.less_share:.0f} %" in words(analysis)
    assert [(r.first, r.second) for r in analysis.deployment_ratios if r.load.users == 10] == [
        ("local", "local-equal-cpu"), ("local", "pod"),
    ]  # fmt: skip


def test_of_unequal_cpu_no_share_is_told(compared: Any) -> None:
    analysis = compared(
        local=(64.0, 1.5, None, 0.0), local_equal_cpu=(16.0, 0.1, 0.5, 0.0, 10.0, 1), pod=(8.0, 0.2, 0.5, 0.9)
    )
    assert {gap.less_share for gap in analysis.gaps} == {None}
    assert "(0.10/0.20 cores)" in printed(analysis, 200)
