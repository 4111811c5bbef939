"""A wide gate before a narrow one: most requests stand at the first, and the second is the cause."""

from typing import Any

import pytest

EMBED, ASK = "embed (app.py:12)", "ask (app.py:30)"


def at(kind: str, count: float, where: str = "") -> dict[str, Any]:
    return {"kind": kind, "at": kind, "where": where, "count": count}


def pool(busy: int, queued: int) -> dict[str, Any]:
    return {"name": "asyncio", "max": 6, "threads": 6, "busy": busy, "queued": queued}


WORKS = {"where": EMBED, "called": ":sleep", "doing": "", "waits": "sleep", "count": 1}
LOCKED = {"where": EMBED, "called": ":__enter__", "doing": "lock-wait", "waits": "", "count": 5}
EXECUTES = {"where": EMBED, "called": ":execute", "count": 5}
READS = {"where": EMBED, "called": "requests.api:get", "doing": "blocking-io", "waits": "socket-read"}
EXECUTOR = (at("executor", 6, EMBED), at("executor-queue", 14, EMBED))
ONE_AT_A_TIME = {"llm_ms": (213.0, 27.0), "llm_queued_ms": 173.0}
"""At 40 ms each: five of six wait there."""


@pytest.mark.parametrize(("light", "heavy", "said"), [
    pytest.param(
        {"waits": (at("executor", 1, EMBED),), "threads": (WORKS,)},
        {"waits": EXECUTOR, "threads": (WORKS, LOCKED), "executors": (pool(6, 14),)},
        ("stage-serialised", EMBED), id="threads of a pool wait for one lock"),
    pytest.param(
        {"waits": (at("thread", 1),), "threads": (WORKS,), "looped": False},
        {"waits": (at("thread", 6),), "threads": (WORKS, LOCKED), "looped": False},
        ("stage-serialised", EMBED), id="a server's threads do"),
    pytest.param(
        {"waits": (at("socket-read", 1, ASK),)},
        {"waits": (at("socket-read", 1, ASK), at("lock", 5, EMBED), at("pool", 14, ASK))},
        ("stage-serialised", EMBED), id="who has a connection does"),
    pytest.param(
        {"waits": (at("executor", 1, EMBED),), "threads": ({**READS, "count": 1},), "llm_ms": (40.0, 27.0)},
        {"waits": EXECUTOR, "threads": ({**READS, "count": 6},), "executors": (pool(6, 14),)} | ONE_AT_A_TIME,
        ("llm-upstream-bound", EMBED), id="threads wait for an LLM that takes one at a time"),
    *(pytest.param(
        {"waits": (at("socket-read", 1, ASK),), "llm_ms": (40.0, 27.0)},
        {"waits": (at("socket-read", 6, ASK), at(gate, 14, ASK)), **ONE_AT_A_TIME},
        ("llm-upstream-bound", ASK), id=f"{gate} before it",
    ) for gate in ("semaphore", "pool", "shared-queue")),
])  # fmt: skip
def test_the_narrow_one_is_the_cause(diagnose: Any, seen: Any, light: Any, heavy: Any, said: Any) -> None:
    """A server that gives 25 answers a second whatever the pool of 6 before it is."""
    [found] = diagnose(seen(users=1, rps=15, **light), seen(users=20, rps=25, **heavy))
    assert (found.code, found.where) == said
    assert (found.confidence, found.effect.mended) == (
        "likely",
        None,
    )  # the gate is next, at nobody knows what
    queue = {one.figure: one.value for one in found.evidence}
    assert queue["of these in the queue before it, whose others wait here"] == pytest.approx(14)


def test_a_gate_that_is_waited_for_at_several_lines_is_one(diagnose: Any, seen: Any) -> None:
    light = {"waits": (at("executor", 1, EMBED),), "threads": (WORKS,)}
    queues = tuple(at("executor-queue", 14 / 4, f"at (app.py:{line})") for line in range(4))
    heavy = {"waits": (at("executor", 6, EMBED), *queues), "threads": (WORKS, LOCKED)}
    [found] = diagnose(seen(users=1, rps=15, **light), seen(users=20, rps=25, **heavy))
    assert (found.code, found.where) == ("stage-serialised", EMBED)


@pytest.mark.parametrize("gate", ["semaphore", "pool"])
def test_a_gate_whose_requests_get_on_is_the_cause_itself(diagnose: Any, seen: Any, gate: str) -> None:
    """15 answers a second of each of those six."""
    waits = (at("socket-read", 6, ASK), at(gate, 14, ASK))
    llm = {"llm_ms": (40.0, 27.0)}
    [found] = diagnose(
        seen(users=1, rps=15, waits=(at("socket-read", 1, ASK),), **llm),
        seen(users=20, rps=88, waits=waits, **llm),
    )
    assert found.code in ("stage-serialised", "connection-pool-exhausted")
    assert found.confidence == "shown"


def test_of_a_gate_whose_requests_wait_nobody_knows_for_what_no_gain_is_said(
    diagnose: Any, seen: Any
) -> None:
    """A database that lets one write at a time."""
    light = {"waits": (at("executor", 1, EMBED),), "threads": (WORKS,)}
    heavy = {"waits": EXECUTOR, "threads": (WORKS, EXECUTES), "executors": (pool(6, 14),)}
    [found] = diagnose(seen(users=1, rps=15, **light), seen(users=20, rps=25, **heavy))
    assert (found.confidence, found.effect.mended) == ("likely", None)


def test_a_few_at_a_gate_before_many_within_stay_what_binds_next(diagnose: Any, seen: Any) -> None:
    waits = (at("socket-read", 4, ASK), at("lock", 12, EMBED), at("pool", 4, ASK))
    found = diagnose(
        seen(users=1, rps=10, waits=(at("socket-read", 1, ASK),)), seen(users=20, rps=40, waits=waits)
    )
    assert [(one.code, one.binds) for one in found] == [
        ("stage-serialised", "throughput"), ("connection-pool-exhausted", "next"),
    ]  # fmt: skip
