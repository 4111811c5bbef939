"""What binds a service: found where its requests wait because of the load, and not where they wait anyway."""

from typing import Any

import pytest

LINE = "retrieve (mine.py:7)"


def read(count: float, where: str = "answer (mine.py:30)") -> dict[str, Any]:
    return {"kind": "socket-read", "at": "AsyncStream.read", "where": where, "count": count}


def at(kind: str, count: float) -> dict[str, Any]:
    return {"kind": kind, "at": kind, "where": LINE, "count": count}


def codes(found: list[Any]) -> list[str]:
    return [finding.code for finding in found]


@pytest.mark.parametrize(("kind", "code"), [
    ("lock", "stage-serialised"), ("semaphore", "stage-serialised"), ("queue-put", "stage-serialised"),
    ("dns", "dns-slow"), ("pool", "connection-pool-exhausted"), ("thread-limiter", "thread-pool-exhausted"),
])  # fmt: skip
def test_where_requests_wait_because_of_the_load(diagnose: Any, seen: Any, kind: str, code: str) -> None:
    [found] = diagnose(
        seen(users=1, rps=10, waits=(read(1),)),
        seen(users=20, rps=40, waits=(read(4), at(kind, 16))),
    )
    assert (found.code, found.where, found.confidence, found.severity) == (code, LINE, "shown", "high")
    assert {one.figure: one.value for one in found.evidence}["requests that wait there"] == pytest.approx(16)
    assert found.effect.now == pytest.approx(40)
    # 20 users, of whose 500 ms 400 are spent there; and 5 times the processor time that is used now.
    assert found.effect.mended == pytest.approx(200)


def test_a_wait_that_is_there_without_load_is_not_what_binds(diagnose: Any, seen: Any) -> None:
    found = diagnose(
        seen(users=1, rps=10, waits=(at("lock", 0.5), read(0.5))),
        seen(users=20, rps=190, waits=(at("lock", 10), read(10))),
    )
    assert codes(found) == ["scales-to-measured-limit"]


@pytest.mark.parametrize(
    ("name", "code"), [("asyncio", "default-executor-exhausted"), ("search", "thread-pool-exhausted")]
)
def test_a_full_pool_of_threads_is_told_by_whose_it_is(
    diagnose: Any, seen: Any, name: str, code: str
) -> None:
    pool = {"name": name, "max": 4, "threads": 4, "busy": 4, "queued": 12}
    [found] = diagnose(
        seen(users=1, rps=10, waits=(at("executor", 1),)),
        seen(users=20, rps=40, waits=(at("executor", 4), at("executor-queue", 16)), executors=(pool,)),
    )
    assert (found.code, found.where) == (code, LINE)
    assert {one.figure: one.value for one in found.evidence}["calls in its queue"] == 12


@pytest.mark.parametrize(
    ("running", "code"),
    [
        ({}, "event-loop-blocked"),
        ({"called": "requests.api:get"}, "event-loop-blocked"),
        ({"called": "sentence_transformers.SentenceTransformer:encode"}, "event-loop-blocked"),
        (
            {"called": "openai._client:Completions.create", "doing": "blocking-io"},
            "llm-client-blocking",
        ),
        ({"called": "openai:OpenAI.__init__", "doing": "client-setup"}, "client-per-request"),
        ({"called": "hashlib:file_digest"}, "model-load-on-request-path"),
        ({"called": "re:sub"}, "preprocessing-on-loop"),
        ({"called": "faiss.class_wrappers:search"}, "search-bound"),
    ],
)
def test_what_holds_the_loop_is_told_by_the_library_that_it_calls(
    diagnose: Any, seen: Any, running: dict[str, str], code: str
) -> None:
    [found] = diagnose(
        seen(
            users=1, rps=30, waits=(at("running", 1),), running={"at": "x (y.py:1)", "where": LINE, **running}
        ),
        seen(
            users=20, rps=40, waits=(at("running", 1), at("ready", 9)), lag_ms=200,
            running={"at": "x (y.py:1)", "where": LINE, **running},
        ),
    )  # fmt: skip
    assert (found.code, found.where, found.binds) == (code, LINE, "throughput")


def test_many_small_things_fill_a_loop_that_comes_in_time(diagnose: Any, seen: Any) -> None:
    [found] = diagnose(
        seen(users=1, rps=500, waits=(at("running", 1),), running={"at": "x (y.py:1)", "where": LINE}),
        seen(
            users=20, rps=600, waits=(at("ready", 19),), running={"at": "x (y.py:1)", "where": LINE}, lag_ms=2
        ),
    )  # fmt: skip
    assert (found.code, found.where) == ("interpreter-bound", "")


def test_an_llm_that_answers_slower_under_load_binds(diagnose: Any, seen: Any) -> None:
    [found, *_] = diagnose(
        seen(users=1, rps=10, waits=(read(1),), llm_ms=(40, 0)),
        seen(users=20, rps=40, waits=(read(20),), llm_ms=(440, 0)),
    )
    assert (found.code, found.confidence) == ("llm-upstream-bound", "shown")


def test_an_llm_that_answers_as_fast_as_ever_does_not(diagnose: Any, seen: Any) -> None:
    [found, *_] = diagnose(
        seen(users=1, rps=10, waits=(read(1),), llm_ms=(40, 0)),
        seen(users=20, rps=40, waits=(read(20),), llm_ms=(41, 0)),
    )
    assert (found.code, found.where) == ("unknown", "answer (mine.py:30)")


def test_embedding_that_takes_all_of_the_processor(diagnose: Any, seen: Any) -> None:
    embed = {"where": LINE, "called": "sentence_transformers.SentenceTransformer:encode", "count": 2}
    [found, *_] = diagnose(
        seen(users=1, rps=10, waits=(at("future", 1),), threads=(embed,)),
        seen(users=20, rps=20, waits=(at("future", 20),), threads=(embed,), cpu_percent=195),
    )
    assert (found.code, found.where, found.confidence) == ("embedding-cpu-bound", LINE, "likely")


def test_of_one_load_alone_whoever_queues_waits_because_of_it(diagnose: Any, seen: Any) -> None:
    [found] = diagnose(seen(users=20, rps=40, waits=(read(4), at("semaphore", 16))))
    assert (found.code, found.confidence, found.effect.mended) == ("stage-serialised", "likely", None)


def test_where_nobody_looked_inside_and_no_stage_is_timed_it_is_unknown(diagnose: Any, seen: Any) -> None:
    [found] = diagnose(seen(users=1, rps=30, waits=None), seen(users=20, rps=40, waits=None))
    assert found.code == "unknown"
    assert found.advice.startswith("Nobody looked inside")


def test_a_stage_that_takes_longer_tells_it_where_nobody_looked_inside(diagnose: Any, seen: Any) -> None:
    light = {"stages": {"s2": 30.0}, "ttft_ms": 40.0}
    heavy = {"stages": {"s2": 450.0}, "ttft_ms": 500.0}
    found = diagnose(
        seen(users=1, rps=30, waits=None, spec=light), seen(users=20, rps=40, waits=None, spec=heavy)
    )
    assert ("unknown", "s2") in [(one.code, one.where) for one in found]


def test_what_no_request_should_do_is_found_beside_what_binds(diagnose: Any, seen: Any) -> None:
    """Most of it is the app's own code, in a function that reads files."""
    lines = (
        {"where": "check (m.py:2)", "at": "check"},
        {"where": "check (m.py:1)", "called": "pathlib:Path.stat"},
    )
    loads = [
        seen(users=users, rps=30 + users, waits=(at("semaphore", users),), running=lines[users % 5 == 0])
        for users in (1, 4, 20)
    ]
    found = diagnose(*loads)
    assert codes(found) == ["stage-serialised", "model-load-on-request-path"]
    assert (found[1].where, found[1].confidence) == ("check (m.py:1)", "likely")


def test_an_asynchronous_client_that_works_on_a_full_loop_is_not_blocking_it(
    diagnose: Any, seen: Any
) -> None:
    stream = {"at": "construct (m.py:1)", "where": LINE, "called": "openai._streaming:AsyncStream"}
    [found] = diagnose(
        seen(users=1, rps=30, waits=(at("running", 1),), running=stream),
        seen(users=20, rps=40, waits=(at("ready", 19),), running=stream, lag_ms=50),
    )
    assert found.code == "interpreter-bound"


@pytest.mark.parametrize(("call", "code"), [
    ("sub", "preprocessing-on-loop"), ("sha256", "model-load-on-request-path"), ("dot", "event-loop-blocked"),
])  # fmt: skip
def test_what_has_no_frame_is_told_by_its_name(diagnose: Any, seen: Any, call: str, code: str) -> None:
    running = {"at": "clean (y.py:1)", "where": LINE, "called": f":{call}"}
    [found] = diagnose(
        seen(users=1, rps=30, waits=(at("running", 1),), running=running),
        seen(users=20, rps=40, waits=(at("ready", 19),), running=running, lag_ms=50),
    )
    assert (found.code, found.where) == (code, LINE)
