"""Services as users have them, that are no plants of the catalogue: the finding is right, or unknown."""

from typing import Any

import pytest


def at(kind: str, count: float, where: str = "", what: str = "") -> dict[str, Any]:
    return {"kind": kind, "at": what or kind, "where": where, "count": count}


def pool(name: str, most: int, busy: int, queued: int) -> dict[str, Any]:
    return {"name": name, "max": most, "threads": most, "busy": busy, "queued": queued}


EMBED, READ, VIEW, CONSUME = (
    "embed (app.py:12)",
    "ask (app.py:30)",
    "search (views.py:9)",
    "batch (app.py:40)",
)
COMPUTES = {"where": VIEW, "called": "cv2:resize", "count": 1}
WAITS_IN_THREAD = {
    "where": VIEW,
    "called": "requests.api:get",
    "doing": "blocking-io",
    "waits": "socket-read",
}


@pytest.mark.parametrize(("light", "heavy", "codes"), [
    # gunicorn with two sync workers that wait for their database: 18 of 20 are not taken
    (
        {"waits": (at("thread", 1),), "looped": False, "threads": ({**WAITS_IN_THREAD, "count": 1},)},
        {"waits": (at("thread", 1),), "looped": False, "threads": ({**WAITS_IN_THREAD, "count": 1},),
         "rps": 20, "idle": 0},
        ["thread-pool-exhausted"],
    ),
    # run_in_executor(None, embed): six threads, each of which waits for an embedding service
    (
        {"waits": (at("executor", 1, EMBED),)},
        {"waits": (at("executor", 6, EMBED), at("executor-queue", 14, EMBED)), "rps": 60,
         "executors": (pool("asyncio", 6, 6, 14),),
         "threads": ({"where": EMBED, "called": "requests.api:get", "doing": "blocking-io", "count": 6},)},
        ["default-executor-exhausted"],
    ),
    # Starlette's limit of 40 threads, as for StaticFiles and plain functions
    (
        {"waits": (at("thread", 1, VIEW),)},
        {"users": 80, "waits": (at("thread", 40, VIEW), at("thread-limiter", 40, VIEW)), "rps": 400},
        ["thread-pool-exhausted"],
    ),
    # redis.asyncio's BlockingConnectionPool
    (
        {"waits": (at("socket-read", 1, READ),)},
        {"waits": (at("socket-read", 4, READ), at("pool", 16, READ, "BlockingConnectionPool.get_connection")),
         "rps": 40},
        ["connection-pool-exhausted"],
    ),
    # Django over ASGI: sync_to_async has one thread for all
    (
        {"waits": (at("executor", 1, VIEW),), "executors": (pool("ThreadPoolExecutor-0", 1, 1, 0),)},
        {"waits": (at("executor", 1, VIEW), at("executor-queue", 19, VIEW)), "rps": 10,
         "executors": (pool("ThreadPoolExecutor-0", 1, 1, 19),),
         "threads": ({**WAITS_IN_THREAD, "count": 1},)},
        ["thread-pool-exhausted"],
    ),
    # one consumer of an asyncio.Queue asks the model for batches
    (
        {"waits": (at("future", 1, READ), {**at("socket-read", 1, CONSUME), "of": "task"})},
        {"waits": (at("future", 20, READ), {**at("socket-read", 1, CONSUME), "of": "task"}), "rps": 15},
        ["stage-serialised"],
    ),
    # the same two workers, but they compute what fills both CPUs: more of them would get no more
    (
        {"waits": (at("thread", 1),), "looped": False, "threads": (COMPUTES,)},
        {"waits": (at("thread", 2),), "looped": False, "threads": (COMPUTES, COMPUTES), "rps": 18,
         "cpu_percent": 195.0},
        ["unknown"],
    ),
    # four threads of anyio's scale images in C, which fills both CPUs
    (
        {"waits": (at("thread", 1, VIEW),), "threads": (COMPUTES,)},
        {"waits": (at("thread", 4, VIEW), at("thread-limiter", 16, VIEW)), "rps": 18,
         "threads": ({**COMPUTES, "count": 4},), "cpu_percent": 195.0},
        ["unknown"],
    ),
    # requests that wait for what nobody knows
    (
        {"waits": (at("future", 1),)}, {"waits": (at("future", 20),), "rps": 40}, ["unknown"],
    ),
])  # fmt: skip
def test_a_service_of_a_kind_that_was_never_planted(
    diagnose: Any, seen: Any, light: dict[str, Any], heavy: dict[str, Any], codes: list[str]
) -> None:
    found = diagnose(seen(**{"users": 1, "rps": 10, **light}), seen(**{"users": 20, "rps": 40, **heavy}))
    assert [one.code for one in found] == codes
