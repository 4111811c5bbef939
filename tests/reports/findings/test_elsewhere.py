"""What the loop's thread computes is not faster in another thread of the same interpreter."""

from typing import Any

import pytest


@pytest.mark.parametrize("profiled", [True, False])  # or known by the clock that is seen inside alone
@pytest.mark.parametrize(("called", "main_cpu", "code", "to_processes"), [
    ("", 0.98, "event-loop-blocked", True), ("mylib:rank", 0.98, "event-loop-blocked", True),
    ("re:sub", 0.98, "preprocessing-on-loop", True),
    ("", 0.2, "event-loop-blocked", False),  # it waits there: a thread may as well
])  # fmt: skip
def test_a_held_loop_that_computes_gains_nothing_by_a_thread(
    seen: Any, diagnose: Any, called: str, main_cpu: float, code: str, to_processes: bool, profiled: bool
) -> None:
    work = {"at": "rank", "where": "rank (mine.py:9)", "called": called}
    loads = [
        seen(users=users, rps=rps, waits=({"kind": "ready", "at": "", "where": "", "count": users},),
             running=work, loop_busy=busy, lag_ms=lag_ms, cpu_percent=100 * cpu, main_cpu=cpu,
             profiled=profiled)
        for users, rps, busy, lag_ms, cpu in ((1, 2, 0.2, 20, 0.2 * main_cpu), (20, 10, 0.98, 90, main_cpu))
    ]  # fmt: skip
    first = diagnose(*loads)[0]
    assert first.code == code
    assert ("ProcessPoolExecutor" in first.advice) == to_processes
    assert (first.effect.mended is None) == to_processes


@pytest.mark.parametrize(("called", "to_thread"), [
    (":fsync", True), (":write", True), (":readlines", True), (":sorted", False), ("json:dumps", False),
])  # fmt: skip
@pytest.mark.parametrize("main_cpu", [0.98, 0.2])  # the kernel's part of a sync takes CPU of the thread, too
def test_what_writes_files_is_moved_to_a_thread(
    seen: Any, diagnose: Any, called: str, to_thread: bool, main_cpu: float
) -> None:
    work = {"at": "log", "where": "log (mine.py:9)", "called": called}
    loads = [
        seen(users=users, rps=rps, waits=({"kind": "ready", "at": "", "where": "", "count": users},),
             running=work, loop_busy=busy, lag_ms=lag_ms, cpu_percent=100 * cpu, main_cpu=cpu)
        for users, rps, busy, lag_ms, cpu in ((1, 2, 0.2, 20, 0.2 * main_cpu), (20, 10, 0.98, 90, main_cpu))
    ]  # fmt: skip
    first = diagnose(*loads)[0]
    assert ("asyncio.to_thread" in first.advice) == to_thread
    assert "ProcessPoolExecutor" not in first.advice or not to_thread
