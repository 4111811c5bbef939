"""Where more requests are seen to wait than the load has, as others ask the service, too."""

from typing import Any

import pytest

HERE = {"where": "embed (mine.py:3)"}


def test_no_wait_is_longer_than_its_answer(diagnose: Any, seen: Any) -> None:
    sleep = {"kind": "sleep", "at": "asyncio.sleep", **HERE}
    [found] = diagnose(*(seen(users=n, rps=10 * n, waits=({**sleep, "count": 1.3 * n},)) for n in (1, 2)))
    assert (found.code, found.confidence, found.effect.mended) == ("latency-only", "likely", None)
    assert found.evidence[0].value == pytest.approx(found.effect.now)


def test_no_more_wait_than_are_in_flight(diagnose: Any, seen: Any) -> None:
    light = seen(users=1, rps=10, waits=({"kind": "socket-read", "at": "read", **HERE, "count": 1},))
    lock = {"kind": "lock", "at": "lock", **HERE, "count": 30}
    [found] = diagnose(light, seen(users=20, rps=40, waits=(lock,)))
    figures = {one.figure: one.value for one in found.evidence}
    assert figures["requests in flight"] == 20
    assert figures["requests that wait there because of the load"] == pytest.approx(16)  # four would anyway
    assert figures["time that this adds to each answer"] <= 400


def test_no_more_wait_because_of_the_load_than_it_makes_wait(diagnose: Any, seen: Any) -> None:
    """Of 20 at 100 a second ten would be there anyway: who waits for the lock now reads the less."""
    read = {"kind": "socket-read", "at": "read", **HERE}
    lock = {"kind": "lock", "at": "lock", **HERE, "count": 16}
    light = seen(users=1, rps=10, waits=({**read, "count": 1},))
    found, *_ = diagnose(light, seen(users=20, rps=100, waits=(lock, {**read, "count": 4})))
    figures = {one.figure: one.value for one in found.evidence}
    assert figures["requests that wait there because of the load"] == pytest.approx(10, rel=0.05)
    assert figures["time that this adds to each answer"] == pytest.approx(100, rel=0.05)


def test_a_stream_that_was_made_for_longer_than_it_was_waited_for_is_not_subtracted(
    diagnose: Any, seen: Any
) -> None:
    slow = {"waits": None, "llm_ms": (50, 500), "spec": {"ttft_ms": 400.0}}
    found = diagnose(seen(users=1, rps=2, **slow), seen(users=2, rps=4, **slow))[0]
    assert (found.code, found.confidence, found.effect.mended) == ("buffered-stream", "likely", None)
