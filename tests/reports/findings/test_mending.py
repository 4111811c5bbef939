"""What mending would give: no more than a light load shows, up to what binds next, as sure as repeats are."""

from typing import Any

import pytest

READ = {"kind": "socket-read", "at": "AsyncStream.read", "where": "answer (mine.py:30)"}
LOCK = {"kind": "lock", "at": "Lock.acquire", "where": "retrieve (mine.py:7)"}


def pool(busy: int) -> tuple[dict[str, Any], ...]:
    return ({"name": "search", "max": 8, "threads": 8, "busy": busy, "queued": 0},)


def at_both(seen: Any, *, wait: Any = LOCK, repeat: int = 1, rps: float = 40, busy: int = 0) -> list[Any]:
    """16 of 20 wait for a lock: without it they would get 200 answers a second."""
    executors = (pool(max(1, busy // 4)), pool(busy)) if busy else ((), ())
    waits = ({**READ, "count": 1},), ({**READ, "count": 4}, {**wait, "count": 16})
    return [
        seen(users=n, rps=each, waits=own, executors=held, cpu_percent=10, spec={"repeat": repeat})
        for n, each, own, held in zip((1, 20), (10, rps), waits, executors, strict=True)
    ]


@pytest.mark.parametrize("waiting", [19.5, 25.0])
def test_without_what_waits_no_answer_is_faster_than_at_the_light_load(
    diagnose: Any, seen: Any, waiting: float
) -> None:
    """Of requests that are seen at a lock some only passed it, and more than there are may be counted."""
    [found] = diagnose(
        seen(users=1, rps=10, waits=({**READ, "count": 1},), cpu_percent=1),
        seen(users=20, rps=40, waits=({**LOCK, "count": waiting},), cpu_percent=4),
    )
    assert found.code == "stage-serialised"
    assert found.effect.mended == pytest.approx(200)  # 20 users, 10 answers a second each


@pytest.mark.parametrize(("kind", "busy", "code", "rate"), [
    ("lock", 0, "stage-serialised", 200),
    ("lock", 4, "stage-serialised", 80),  # each answer takes 100 ms of 8 threads: 80 answers a second
    ("executor-queue", 8, "thread-pool-exhausted", 200),  # the full pool's own ceiling is what goes
])  # fmt: skip
def test_the_next_ceiling_bounds_what_mending_gives(
    diagnose: Any, seen: Any, kind: str, busy: int, code: str, rate: int
) -> None:
    [found, *_] = diagnose(*at_both(seen, wait={**LOCK, "kind": kind}, busy=busy))
    assert (found.code, found.effect.mended) == (code, pytest.approx(rate))
    assert (found.effect.low, found.effect.high) == (None, None)


@pytest.mark.parametrize(("busy", "rate"), [(0, 200), (4, 80)])
def test_repeats_give_it_an_interval(diagnose: Any, seen: Any, busy: int, rate: int) -> None:
    both = [at_both(seen, repeat=repeat, rps=rps, busy=busy) for repeat, rps in ((1, 39), (2, 41))]
    effect = next(x.effect for x in diagnose(*both[0], *both[1]) if x.code == "stage-serialised")
    assert effect.mended == pytest.approx(rate, rel=0.02)
    assert 0.8 * rate < effect.low < effect.mended < effect.high < 1.3 * rate
