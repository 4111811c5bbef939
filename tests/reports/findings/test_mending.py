"""What mending would give: up to what binds next, and as sure as repeats are."""

from typing import Any

import pytest

READ = {"kind": "socket-read", "at": "AsyncStream.read", "where": "answer (mine.py:30)"}
LOCK = {"kind": "lock", "at": "Lock.acquire", "where": "retrieve (mine.py:7)"}


def pool(busy: int) -> dict[str, Any]:
    return {"name": "search", "max": 8, "threads": 8, "busy": busy, "queued": 0}


def at_both(seen: Any, *, repeat: int = 1, rps: float = 40, cpu: float = 10, busy: int = 0) -> list[Any]:
    """16 of 20 wait for a lock: without it they would get 200 answers a second."""
    executors = (pool(max(1, busy // 4)),), (pool(busy),)
    here, there = executors if busy else ((), ())
    spec = {"repeat": repeat}
    return [
        seen(users=1, rps=10, waits=({**READ, "count": 1},), executors=here, cpu_percent=cpu, spec=spec),
        seen(
            users=20, rps=rps, waits=({**READ, "count": 4}, {**LOCK, "count": 16}), executors=there,
            cpu_percent=cpu, spec=spec,
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(("busy", "rate"), [(0, 200), (4, 80)])
def test_the_next_ceiling_bounds_what_mending_gives(diagnose: Any, seen: Any, busy: int, rate: int) -> None:
    """Each answer takes 100 ms of 8 threads, which allow 80 answers a second."""
    [found, *_] = diagnose(*at_both(seen, busy=busy))
    assert (found.code, found.effect.mended) == ("stage-serialised", pytest.approx(rate))
    assert (found.effect.low, found.effect.high) == (None, None)


def test_what_is_mended_bounds_nothing(diagnose: Any, seen: Any) -> None:
    """The pool that is waited for is full: its own ceiling is what goes."""
    wait = {"kind": "executor-queue", "at": "submit", "where": "retrieve (mine.py:7)"}
    [found, *_] = diagnose(
        seen(users=1, rps=10, waits=({**READ, "count": 1},), executors=(pool(2),), cpu_percent=10),
        seen(
            users=20, rps=40, waits=({**READ, "count": 4}, {**wait, "count": 16}), executors=(pool(8),),
            cpu_percent=10,
        ),
    )  # fmt: skip
    assert (found.code, found.effect.mended) == ("thread-pool-exhausted", pytest.approx(200))


@pytest.mark.parametrize(("busy", "rate"), [(0, 200), (4, 80)])
def test_repeats_give_it_an_interval(diagnose: Any, seen: Any, busy: int, rate: int) -> None:
    loads = [
        one for repeat, rps in ((1, 39), (2, 41)) for one in at_both(seen, repeat=repeat, rps=rps, busy=busy)
    ]
    effect = next(one for one in diagnose(*loads) if one.code == "stage-serialised").effect
    assert effect.mended == pytest.approx(rate, rel=0.02)
    assert 0.8 * rate < effect.low < effect.mended < effect.high < 1.3 * rate
