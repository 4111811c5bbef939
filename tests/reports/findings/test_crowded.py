"""Threads that compute in Python keep each other from it; those that compute elsewhere, or wait, do not."""

from dataclasses import replace
from typing import Any

import pytest

from reports.findings.machine.compute import compute
from reports.findings.machine.oversubscribed import oversubscribed
from reports.findings.waits.thread_pool import thread_pool

LINE = "rank (mine.py:16)"
FULL = {"cpu_percent": 105.0, "turn_ms": 30.0, "main_cpu": 0.2}


def places(looped: bool, users: int) -> tuple[dict[str, Any], ...]:
    if not looped:  # gunicorn's threads, of which no more is known than that they run
        return ({"kind": "running", "at": "", "where": LINE, "count": users},)
    kinds = (("executor", 0.3), ("executor-queue", 0.4), ("ready", 0.3))
    return tuple(
        {"kind": kind, "at": "run_in_executor", "where": "ask (mine.py:30)", "count": users * part}
        for kind, part in kinds
    )


@pytest.fixture
def of_threads(seen: Any) -> Any:
    """1 user and 20, who get five times the answers of one; many threads are at work for them."""

    def loads(*, looped: bool = True, called: str = "", count: int = 6, **more: Any) -> list[Any]:
        work = {"where": LINE, "called": called, "count": count}
        pool = {"name": "asyncio", "max": 6, "threads": 6, "busy": 6, "queued": 8}
        alike = {"running": {"at": "write", "where": ""}, "loop_busy": 0.8, "lag_ms": 90, "looped": looped}
        return [
            seen(users=n, rps=rps, waits=places(looped, n), threads=threads, executors=own, **alike, **more)
            for n, rps, threads, own in ((1, 10, (), ()), (20, 50, (work,), (pool,)))
        ]

    return loads


@pytest.mark.parametrize(("more", "confidence"), [
    ({}, "shown"),
    ({"called": ":findall"}, "shown"),  # in C, and yet it keeps others from Python
    ({"looped": False}, "shown"),  # gunicorn
    ({"turn_ms": None}, "likely"),  # an older collector's samples
    ({"cpu_percent": 70.0, "main_cpu": 0.1, "run_delay": 0.2}, "shown"),  # others take some
    ({"run_delay": 0.5}, "shown"),  # each waits for a CPU, too, and they get as much as one of them can use
])  # fmt: skip
def test_threads_that_compute_in_python_wait_for_each_other(
    diagnose: Any, of_threads: Any, more: dict[str, Any], confidence: str
) -> None:
    """Not for a pool, of which more threads would be no more, nor for a loop that takes turns with them."""
    found = diagnose(*of_threads(**{**FULL, **more}))
    assert [(one.code, one.where, one.confidence) for one in found] == [
        ("interpreter-bound", LINE, confidence)
    ]
    assert "worker processes" in found[0].advice


def test_who_waits_for_its_turn_is_counted_and_not_named(diagnose: Any, of_threads: Any) -> None:
    """Six that stream tokens come back from their sleep while one ranks."""
    back = {"where": "stream (mine.py:20)", "doing": "turn-wait", "count": 6}
    light, heavy = of_threads(**FULL, count=1)
    [found] = diagnose(light, replace(heavy, threads=(*heavy.threads, back)))
    assert (found.code, found.where) == ("interpreter-bound", LINE)


@pytest.mark.parametrize("more", [
    {"turn_ms": 0.1},  # they compute elsewhere: numpy
    {"turn_ms": 2.1},  # at both loads: a coarse timer
    {"cpu_percent": 20.0, "main_cpu": 0.05},  # a coarser one: who computes has a CPU
    {"turn_ms": None, "cpu_percent": 190.0},
    {"turn_ms": None, "cpu_percent": 20.0},
    {"turn_ms": None, "called": "torch.nn:F.linear"},
    {"called": ":recv"},  # they wait
    {"called": ":execute"},  # as far as anybody knows: a driver of a database in C
    {"main_cpu": 0.9},  # it is the loop that computes
    {"run_delay": 0.5, "cpu_percent": 60.0, "main_cpu": 0.1},  # they have no CPUs
])  # fmt: skip
def test_what_does_not_keep_threads_from_python(diagnose: Any, of_threads: Any, more: dict[str, Any]) -> None:
    found = diagnose(*of_threads(**{**FULL, **more}))
    assert ("interpreter-bound", LINE) not in [(one.code, one.where) for one in found]


@pytest.mark.parametrize("asks", [True, False])
def test_one_thread_that_computes_keeps_a_loop_from_python_that_has_something_to_do(
    diagnose: Any, of_threads: Any, asks: bool
) -> None:
    loads = of_threads(**FULL, count=1)
    found = diagnose(*(one if asks else replace(one, waits=at_executor(one.users)) for one in loads))
    assert (("interpreter-bound", LINE) in [(one.code, one.where) for one in found]) == asks


def test_what_computes_and_is_of_no_kind_that_is_known_is_named_by_its_line(
    diagnose: Any, of_threads: Any
) -> None:
    loads = of_threads(cpu_percent=190.0, turn_ms=0.1, main_cpu=0.2)
    free: Any = {"executors": (), "loop_busy": 0.1, "lag_ms": 1.0}
    [found] = diagnose(*(replace(one, waits=at_executor(one.users), **free) for one in loads))
    assert (found.code, found.where) == ("unknown", LINE)
    assert "CPUs are full" in found.advice


def at_executor(users: int) -> tuple[dict[str, Any], ...]:
    return ({"kind": "executor", "at": "run_in_executor", "where": "ask (mine.py:30)", "count": users},)


@pytest.mark.parametrize(("cpu", "run_delay", "found"), [
    (100.0, 0.9, ["cpu-oversubscribed", "embedding-cpu-bound"]),  # ten threads for one core
    (95.0, 0.35, ["embedding-cpu-bound"]),  # one, and its loop beside it: no pool of more would help
    (50.0, 0.9, []),  # somebody else has its core
])  # fmt: skip
def test_more_threads_compute_than_there_are_cores(
    loaded: Any, of_threads: Any, cpu: float, run_delay: float, found: list[str]
) -> None:
    given = {"spec": {"requested": {"cpus": {"target": [1]}}}}
    embeds = {"called": "torch.nn.functional:linear", "turn_ms": 0.1, "main_cpu": 0.1, **given}
    light, heavy = of_threads(cpu_percent=cpu, run_delay=run_delay, **embeds)
    analysis = loaded(replace(light, cpu_percent=cpu / 5), heavy)
    finders = (oversubscribed, compute, thread_pool)
    codes = [one.code for finder in finders for one in finder(analysis)]
    assert codes == (found or ["default-executor-exhausted"])


@pytest.mark.parametrize("light", [
    {"cpu_percent": 40.0},  # an answer takes half the processor time of one alone
    {"cpu_percent": 5.0, "rps": 2.5},  # it takes twice as much, and yet 20 users get 20 times the answers
])  # fmt: skip
def test_threads_that_take_turns_at_no_cost_are_not_too_many(
    loaded: Any, of_threads: Any, light: dict[str, Any]
) -> None:
    given = {"spec": {"requested": {"cpus": {"target": [1]}}}}
    few, many = of_threads(cpu_percent=100.0, run_delay=0.9, turn_ms=0.1, main_cpu=0.05, **given)
    assert not list(oversubscribed(loaded(replace(few, **light), many)))


@pytest.mark.parametrize(("light_cpu", "first"), [
    (5.0, "cpu-oversubscribed"),  # an answer takes four times the processor time of one alone
    (20.0, "embedding-cpu-bound"),  # as much: they only take turns
])  # fmt: skip
def test_what_costs_no_processor_time_is_not_the_first_to_mend(
    diagnose: Any, of_threads: Any, light_cpu: float, first: str
) -> None:
    given = {"spec": {"requested": {"cpus": {"target": [1]}}}}
    embeds = {"called": "torch.nn.functional:linear", "turn_ms": 0.1, "main_cpu": 0.05, **given}
    light, heavy = of_threads(cpu_percent=100.0, run_delay=0.9, **embeds)
    free: Any = {"loop_busy": 0.1, "lag_ms": 1.0}
    found = diagnose(replace(light, cpu_percent=light_cpu, **free), replace(heavy, **free))
    assert {found[0].code, found[1].code} == {"cpu-oversubscribed", "embedding-cpu-bound"}
    assert found[0].code == first


def test_a_pool_of_a_database_is_not_said_to_keep_itself_from_python(diagnose: Any, seen: Any) -> None:
    """One thread computes beside it, and has the interpreter; four threads get four times as much."""
    computes = {"where": "refresh (mine.py:5)", "count": 1}
    alike: Any = {"cpu_percent": 105.0, "main_cpu": 0.1, "turn_ms": 5.0, "lag_ms": 5, "loop_busy": 0.1}
    light, heavy = (
        seen(users=users, rps=rps, waits=waits, threads=(database(threads), computes), **alike)
        for users, rps, waits, threads in ((1, 4, limited(1), 1), (20, 16, limited(20), 4))
    )
    assert [one.code for one in diagnose(light, heavy)] == ["thread-pool-exhausted"]


def database(count: int) -> dict[str, Any]:
    return {"where": LINE, "called": ":execute", "count": count}


def limited(users: int) -> tuple[dict[str, Any], ...]:
    """By anyio, to four threads."""
    kinds = (("executor", "run_in_executor", 4), ("thread-limiter", "CapacityLimiter.acquire", users - 4))
    line = {"where": "ask (mine.py:30)"}
    return tuple({"kind": k, "at": at, **line, "count": min(users, n)} for k, at, n in kinds if n > 0)
