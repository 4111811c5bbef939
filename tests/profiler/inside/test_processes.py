"""Calls of a pool of processes: some are at work, others wait for a process, whatever the pool calls them."""

import asyncio
import multiprocessing
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from profiler.inside.collector.processes import Processes
from profiler.inside.collector.tasks import Tasks
from waiting import LIMIT_S, Seen, a_request, held, run

PROCESSES, CALLS = 2, 7


@contextmanager
def pool() -> Iterator[ProcessPoolExecutor]:
    others = multiprocessing.active_children()
    made = ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("fork"))
    try:
        yield made
    finally:
        for child in multiprocessing.active_children():
            if child not in others:
                child.kill()
        made.shutdown()


def kinds(calls: dict[int, str]) -> Seen:
    tasks = Tasks(calls)
    tasks.look(asyncio.get_running_loop())
    groups = [one for one in tasks.to_json()["groups"] if one["of"] == "request"]
    return {
        (one["kind"], one.get("at", ""), one.get("where", "").partition(" (")[0]): one["count"]
        for one in groups
    }


def test_who_waits_for_a_process_is_told_from_who_has_one_and_from_who_waits_for_a_thread() -> None:
    async def test() -> None:
        loop, hold = asyncio.get_running_loop(), threading.Event()

        async def computed() -> None:
            await loop.run_in_executor(processes, signal.pause)

        async def threaded() -> None:
            await loop.run_in_executor(threads, hold.wait, LIMIT_S)

        with pool() as processes, ThreadPoolExecutor(1) as threads:
            held(CALLS, lambda: a_request(computed))
            held(2, lambda: a_request(threaded))
            seen: Seen = {}
            expected = {
                ("process", "ProcessPoolExecutor", "computed"): PROCESSES,
                ("process-queue", "ProcessPoolExecutor", "computed"): CALLS - PROCESSES,
                ("executor", "run_in_executor", "threaded"): 1,
                ("executor-queue", "run_in_executor", "threaded"): 1,
            }
            for _ in range(100 * LIMIT_S):
                if (seen := kinds(Processes().calls)) == expected:
                    break
                await asyncio.sleep(0.01)
            assert seen == expected
            [one] = Processes().to_json()
            assert (one["max"], one["threads"], one["busy"], one["queued"], one["processes"]) == (
                *(PROCESSES, PROCESSES, PROCESSES, CALLS - PROCESSES), True,
            )  # fmt: skip
            hold.set()

    run(test)


def test_a_pool_that_keeps_its_calls_in_another_way_has_none_that_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("concurrent.futures.process._threads_wakeups", {SimpleNamespace: None})
    found = Processes()
    assert found.calls == {}
    [one] = found.to_json()
    assert (one["max"], one["busy"], one["queued"]) == (None, 0, 0)
