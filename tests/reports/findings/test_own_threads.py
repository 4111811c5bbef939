"""Threads of the app's own: of a pool that is full, and of which nobody sees what they wait for."""

from typing import Any

import pytest

LINE, LOCKED = "retrieve (mine.py:7)", "embed (mine.py:3)"


def at(kind: str, count: float) -> dict[str, Any]:
    return {"kind": kind, "at": kind, "where": LINE, "count": count}


@pytest.mark.parametrize(("queued", "code"), [
    (16, "thread-pool-exhausted"), (0, "stage-serialised"),  # they wait for others than the pool's
])  # fmt: skip
def test_who_waits_for_what_a_full_pool_is_to_make_waits_for_a_thread(
    diagnose: Any, seen: Any, queued: int, code: str
) -> None:
    """A queue for each request, into which a thread of a pool of four puts its tokens."""
    makes = {"where": LOCKED, "called": "requests.api:post", "doing": "blocking-io", "waits": "socket-read"}
    pool = {"name": "llm", "max": 4, "threads": 4}
    light, heavy = (
        seen(
            users=users,
            rps=rps,
            waits=(at("queue-get", users),),
            threads=({**makes, "count": busy},),
            executors=({**pool, "busy": busy, "queued": waiting},),
        )
        for users, rps, busy, waiting in ((1, 5, 1, 0), (20, 20, 4, queued))
    )
    [found, *_] = diagnose(light, heavy)
    assert (found.code, found.confidence) == (code, "likely")
    assert (found.where == LOCKED) is (code == "thread-pool-exhausted")
    assert found.severity == "high"


@pytest.mark.parametrize("kind", ["executor", "thread"])
def test_who_is_in_a_thread_of_unknown_wait_is_told_by_the_threads_line(
    diagnose: Any, seen: Any, kind: str
) -> None:
    """A call in C, as of a database that is locked: nobody sees what it waits for."""
    stays = {"where": LOCKED, "called": ":execute", "count": 14}
    heavy = seen(users=20, rps=22, waits=(at(kind, 15), at("socket-read", 5)), threads=(stays,))
    [found, *_] = diagnose(seen(users=1, rps=5, waits=(at("socket-read", 1),)), heavy)
    assert (found.code, found.where) == ("unknown", LOCKED)
    assert "a lock of a database" in found.advice
