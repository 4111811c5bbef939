"""Which CPUs the load and the targets have."""

import io
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from records.services.variants import MOCKS
from sweep.measuring import runner
from sweep.measuring.progress import Progress
from sweep.planning.division import divided, divisible
from sweep.running import cpus
from sweep.running.errors import UsageError
from sweep_world import plan_of

_LISTS = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 20)), min_size=1, max_size=6)


def _written(ranges: Sequence[tuple[int, int]]) -> tuple[str, set[int]]:
    """A list of CPUs as taskset takes it, and what it means."""
    text = ",".join(str(first) if not more else f"{first}-{first + more}" for first, more in ranges)
    return text, {cpu for first, more in ranges for cpu in range(first, first + more + 1)}


@given(_LISTS, _LISTS, st.sets(st.integers(0, 330), min_size=1), st.booleans())
def test_what_is_divided_is_usable_and_nobody_s_twice(
    load: Sequence[tuple[int, int]], target: Sequence[tuple[int, int]], usable: set[int], all_there: bool
) -> None:
    (one, load_cpus), (other, target_cpus) = _written(load), _written(target)
    usable = usable | load_cpus | target_cpus if all_there else usable
    assert tuple(map(set, cpus.parse(f"{one}:{other}"))) == (load_cpus, target_cpus)  # as taskset reads them
    good = not load_cpus & target_cpus and load_cpus | target_cpus <= usable
    if not good:
        with pytest.raises(UsageError, match=r"\A[^\n]{1,300}\Z"):
            cpus.divide(f"{one}:{other}", sorted(usable), pins=True)
        return
    found = cpus.divide(f"{one}:{other}", sorted(usable), pins=True)
    assert (set(found.load), set(found.target or ())) == (load_cpus, target_cpus)


@given(st.text(alphabet="0123456789,-:autoshredx ", max_size=12))
def test_any_text_is_divided_or_refused(text: str) -> None:
    try:
        found = cpus.divide(text, [0, 1, 2, 3], pins=True)
    except UsageError:
        return
    assert found.load
    assert found.target


_TAKES = "--cpus takes auto, shared or LOAD:TARGET"


@pytest.mark.parametrize(("text", "said"), [
    *((text, _TAKES) for text in ("", "0", ":", "0:", ":1", "0:1:2", "0 :1", "a:b", "-1:0", "0-:1", "0:1,")),
    ("²:1", _TAKES), ("0:999999", _TAKES), ("0:0", "CPU 0 is both of the load and of the target"),
    ("0-2:1-3", "CPUs 1, 2 are both of the load and of the target"),
    ("0:7", "CPU 7 is not usable here; usable: 0, 1, 2, 3"), ("8:7", "CPUs 7, 8 are not usable here"),
    ("3-2:1", "the range 3-2 goes backwards"),
])  # fmt: skip
def test_what_is_no_division_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        cpus.divide(text, [0, 1, 2, 3], pins=True)
    with pytest.raises(UsageError, match="needs Linux"):
        cpus.divide("0:1", [0, 1], pins=False)


@pytest.mark.parametrize(("usable", "pins", "mode", "load", "target"), [
    ([2, 5, 7], True, "auto", [2], [5, 7]), ([3], True, "shared", [3], [3]),
    ([0, 1], False, "shared", [0, 1], [0, 1]),
])  # fmt: skip
def test_auto_gives_the_first_cpu_to_the_load_and_the_rest_to_the_targets_where_it_can(
    usable: list[int], pins: bool, mode: str, load: list[int], target: list[int]
) -> None:
    found = cpus.divide("auto", usable, pins=pins)
    assert found.to_json() == {"mode": mode, "load": load, "target": target, "realtime": False}
    threads = dict.fromkeys(cpus.THREAD_SETTINGS, str(len(target))) if mode == "auto" else {}
    assert found.environment() == threads


@pytest.mark.parametrize(("asked", "mode", "load"), [("auto", "shared", [0, 1, 2]), ("1:2", "1:2", [1])])
def test_a_running_service_leaves_the_load_every_cpu_unless_it_was_told_which(
    asked: str, mode: str, load: list[int]
) -> None:
    divided = replace(cpus.divide(asked, [0, 1, 2], pins=True), realtime=True, realtime_refused=True)
    found = divided.of_a_running_service()
    assert found.realtime_refused is (mode == "shared")  # where it does not want it, nobody refused it
    found = replace(found, realtime_refused=False)
    assert found.to_json() == {"mode": mode, "load": load, "target": None, "realtime": mode == "shared"}
    assert found.of_a_running_service() == found
    assert found.environment() == {}


@pytest.mark.parametrize(("asked", "usable", "load", "target"), [
    ("auto", 2, (0, 1), (0, 1)), ("auto", 4, (0, 1), (2, 3)), ("auto", 8, (0, 1, 2), (3, 4, 5, 6, 7)),
    ("0:1", 2, (0,), (1,)),  # as was asked for
])  # fmt: skip
def test_workers_of_several_regions_are_not_kept_on_one_cpu(
    asked: str, usable: int, load: tuple[int, ...], target: tuple[int, ...]
) -> None:
    plan = plan_of("local", variants=(MOCKS["baseline"],), cpus=asked, regions="a=5ms,b=9ms,c=50ms")
    found = divided(plan, range(usable))
    assert (found.load, found.target) == (load, target)


@pytest.mark.parametrize(("asked", "usable", "regions", "would"), [
    ("auto", 2, "", True), ("shared", 2, "", True), ("shared", 1, "", False),
    ("auto", 2, "a=5ms,b=9ms", False), ("shared", 3, "a=5ms,b=9ms", False),
    ("shared", 4, "a=5ms,b=9ms", True),
])  # fmt: skip
def test_cpus_are_divisible_where_auto_would_divide_them(
    asked: str, usable: int, regions: str, would: bool
) -> None:
    plan = plan_of("local", variants=(MOCKS["baseline"],), cpus=asked, regions=regions)
    assert divisible(plan, range(usable)) is would


@pytest.mark.skipif(not cpus.PINS, reason="this system keeps no process on a CPU")
def test_this_process_is_given_its_cpus_back_and_stands_back_where_it_was_told(monkeypatch: Any) -> None:
    before = os.sched_getaffinity(0)
    with cpus.kept_on({min(before)}):
        assert os.sched_getaffinity(0) == {min(before)}
    assert os.sched_getaffinity(0) == before
    monkeypatch.setattr(os, "sched_getscheduler", lambda pid: os.SCHED_IDLE)
    assert not cpus.may_be_realtime()


def test_a_load_on_cpus_of_its_own_runs_before_all_else_where_it_may(tmp_path: Path, child: Any) -> None:
    code = "import os; print(os.sched_getscheduler(0) == os.SCHED_FIFO)"
    before = os.sched_getscheduler(0)
    realtime = cpus.may_be_realtime()
    assert os.sched_getscheduler(0) == before  # asking changes nothing
    assert child(code, realtime=int(realtime)).wait(60) == 0
    assert (tmp_path / "log").read_text().strip() == str(realtime)


@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize(("usable", "asked", "workers", "realtime"), [
    ((0, 1), "0:1", 0, True), ((0, 1), "shared", 0, True),
    ((0, 1), "0:1", 2, False),  # they would not make room for each other
    ((0,), "shared", 0, False),  # it could keep the target from its only CPU
])  # fmt: skip
def test_one_load_runs_before_all_else_where_that_keeps_nobody_from_a_cpu(
    usable: Any,
    asked: str,
    workers: int,
    realtime: bool,
    allowed: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runner, "may_be_realtime", lambda: allowed)
    monkeypatch.setattr(runner, "available", lambda: usable)
    plan = plan_of("local", variants=(MOCKS["baseline"],), cpus=asked, workers=workers)
    progress = Progress(Console(file=io.StringIO()))
    placed = runner.Sweep(directory=tmp_path, plan=plan, progress=progress).cpus
    assert placed.realtime is (realtime and allowed)
    assert placed.realtime_refused is (realtime and not allowed)
    assert placed.to_json().get("realtime_refused", False) is placed.realtime_refused
