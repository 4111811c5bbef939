"""What binds a service: found where its requests wait because of the load, and not where they wait anyway."""

from typing import Any

import pytest

from reports.findings.catalogue import diagnosis
from reports.findings.loop.event_loop import event_loop

LINE = "retrieve (mine.py:7)"


def read(count: float) -> dict[str, Any]:
    return {"kind": "socket-read", "at": "AsyncStream.read", "where": "answer (mine.py:30)", "count": count}


def at(kind: str, count: float) -> dict[str, Any]:
    return {"kind": kind, "at": kind, "where": LINE, "count": count}


def codes(found: list[Any]) -> list[str]:
    return [finding.code for finding in found]


@pytest.mark.parametrize(("kind", "code"), [
    ("lock", "stage-serialised"), ("semaphore", "stage-serialised"), ("queue-put", "stage-serialised"),
    ("dns", "dns-slow"), ("pool", "connection-pool-exhausted"), ("thread-limiter", "thread-pool-exhausted"),
])  # fmt: skip
def test_where_requests_wait_because_of_the_load(diagnose: Any, seen: Any, kind: str, code: str) -> None:
    heavy = seen(users=20, rps=40, waits=(read(4), at(kind, 16)))
    [found] = diagnose(seen(users=1, rps=10, waits=(read(1),)), heavy)
    assert (found.code, found.where, found.confidence, found.severity) == (code, LINE, "shown", "high")
    assert found.to_json()["where"] == LINE
    assert {one.figure: one.value for one in found.evidence}[
        "requests that wait there because of the load"
    ] == pytest.approx(16)
    # 20 users, of whose 500 ms 400 are spent there; and 5 times the processor time that is used now.
    assert (found.effect.now, found.effect.mended) == (pytest.approx(40), pytest.approx(200))


def test_a_wait_that_is_there_without_load_is_not_what_binds(diagnose: Any, seen: Any) -> None:
    light = seen(users=1, rps=10, waits=(at("lock", 0.5), read(0.5)))
    heavy = seen(users=20, rps=190, waits=(at("lock", 10), read(10)))
    assert codes(diagnose(light, heavy)) == ["scales-to-measured-limit"]


@pytest.mark.parametrize(("name", "most", "busy", "queued", "code"), [
    ("search", 4, 4, 12, "thread-pool-exhausted"), ("asyncio", 4, 4, 12, "default-executor-exhausted"),
    ("asyncio", 6, 6, 0, "default-executor-exhausted"),
    ("asyncio", 6, 4, 4, "default-executor-exhausted"),  # full in bursts
    ("asyncio", 6, 4, 0, "thread-pool-exhausted"),  # not this one
])  # fmt: skip
def test_a_full_pool_of_threads_is_told_by_whose_it_is(
    diagnose: Any, seen: Any, name: str, most: int, busy: int, queued: int, code: str
) -> None:
    pool = {"name": name, "max": most, "threads": most, "busy": busy, "queued": queued}
    waits = (at("executor", 4), at("executor-queue", 16))
    light = seen(users=1, rps=10, waits=(at("executor", 1),))
    found, *_ = diagnose(light, seen(users=20, rps=40, waits=waits, executors=(pool,)))
    assert (found.code, found.where) == (code, LINE)
    figures = {one.figure: one.value for one in found.evidence}
    assert figures.get("calls in its queue", queued) == pytest.approx(queued)


@pytest.mark.parametrize(("running", "ready", "lag_ms", "code"), [
    ({}, 9, 200, "event-loop-blocked"),
    ({}, 19, 2, "interpreter-bound"),  # many small things, and it comes in time
    ({"called": "openai._streaming:AsyncStream"}, 19, 50, "interpreter-bound"),
    ({"called": "requests.api:get"}, 9, 200, "event-loop-blocked"),
    ({"called": "sentence_transformers.SentenceTransformer:encode"}, 9, 200, "event-loop-blocked"),
    ({"called": "openai._client:Completions.create", "doing": "blocking-io"}, 9, 200, "llm-client-blocking"),
    ({"called": "openai:OpenAI.__init__", "doing": "client-setup"}, 9, 200, "client-per-request"),
    ({"called": "hashlib:file_digest"}, 9, 200, "model-load-on-request-path"),
    ({"called": "re:sub"}, 9, 200, "preprocessing-on-loop"),
    ({"called": "faiss.class_wrappers:search"}, 9, 200, "search-bound"),
    ({"called": ":sub"}, 19, 50, "preprocessing-on-loop"),  # it has no frame: by its name
    ({"called": ":sha256"}, 19, 50, "model-load-on-request-path"),
    ({"called": ":dot"}, 19, 50, "event-loop-blocked"),
])  # fmt: skip
def test_what_holds_the_loop_is_told_by_the_library_that_it_calls(
    diagnose: Any, seen: Any, running: dict[str, str], ready: int, lag_ms: float, code: str
) -> None:
    own = {"at": "x (y.py:1)", "where": LINE, **running}
    waits = (at("running", 1), at("ready", ready))
    full = {"cpu_percent": 100.0, "main_cpu": 0.95}
    [found] = diagnose(
        seen(users=1, rps=30, waits=(at("running", 1),), running=own),
        seen(users=20, rps=40, waits=waits, lag_ms=lag_ms, running=own, **full),
    )
    where = "" if code == "interpreter-bound" else LINE
    assert (found.code, found.where, found.binds) == (code, where, "throughput")


@pytest.mark.parametrize(("llm_ms", "told"), [
    (440, ("llm-upstream-bound", "answer (mine.py:30)", "shown")),
    (41, ("unknown", "answer (mine.py:30)", "possible")),
])  # fmt: skip
def test_an_llm_that_answers_slower_under_load_binds(
    diagnose: Any, seen: Any, llm_ms: float, told: tuple[str, str, str]
) -> None:
    heavy = seen(users=20, rps=40, waits=(read(20),), llm_ms=(llm_ms, 0))
    [found, *_] = diagnose(seen(users=1, rps=10, waits=(read(1),), llm_ms=(40, 0)), heavy)
    assert (found.code, found.where, found.confidence) == told


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
    assert found.advice.endswith("nobody looked inside")


def test_a_stage_that_takes_longer_tells_it_where_nobody_looked_inside(diagnose: Any, seen: Any) -> None:
    light, heavy = ({"stages": {"s2": ms}, "ttft_ms": ms + 40} for ms in (30.0, 450.0))
    loads = seen(users=1, rps=30, waits=None, spec=light), seen(users=20, rps=40, waits=None, spec=heavy)
    assert ("unknown", "s2") in [(one.code, one.where) for one in diagnose(*loads)]


def test_what_no_request_should_do_is_found_beside_what_binds(diagnose: Any, seen: Any) -> None:
    """Most of it is the app's own code, in a function that reads files."""
    own, file = {"where": "check (m.py:2)", "at": "check"}, {"where": "check (m.py:1)"}
    lines = (own, {**file, "called": "pathlib:Path.stat"})
    found = diagnose(*(
        seen(users=users, rps=30 + users, waits=(at("semaphore", users),), running=lines[users % 5 == 0])
        for users in (1, 4, 20)
    ))  # fmt: skip
    assert codes(found) == ["stage-serialised", "model-load-on-request-path"]
    assert (found[1].where, found[1].confidence) == ("check (m.py:1)", "likely")


HAD, STARVED = {"main_cpu": 0.95, "cpu_percent": 95.0}, {"main_cpu": 0.46, "main_delay": 0.52}


@pytest.mark.parametrize(("running", "machine", "found"), [
    ({"called": "httpx:get"}, HAD, [("event-loop-blocked", "shown")]),
    ({"called": "httpx:get"}, {}, [("event-loop-blocked", "likely")]),  # nobody saw its CPU
    ({"called": "httpx:get"}, STARVED, []),  # any line takes long where nobody lets it run
    ({"called": "re:sub"}, STARVED, []),
    ({"called": "openai._streaming:AsyncStream"}, HAD, [("interpreter-bound", "shown")]),
    ({"called": "openai._streaming:AsyncStream"}, {}, []),
    ({"called": "openai._streaming:AsyncStream"}, STARVED, []),
])  # fmt: skip
def test_a_loop_is_accused_only_of_what_it_takes_with_a_cpu(
    loaded: Any, seen: Any, running: dict[str, str], machine: dict[str, float], found: list[tuple[str, str]]
) -> None:
    own = {"at": "x (y.py:1)", "where": LINE, **running}
    light = seen(users=1, rps=30, waits=(at("running", 1),), running=own)
    heavy = seen(users=20, rps=40, waits=(at("ready", 20),), lag_ms=200, running=own, **machine)
    findings = list(event_loop(loaded(light, heavy)))
    assert [(one.code, one.confidence) for one in findings] == found
    assert machine or all(one.effect.mended is None for one in findings)
    for one in findings:
        which = "this function" if one.where else f"the function at {LINE}"
        assert f"of that in {which}" in [e.figure for e in one.evidence]


@pytest.mark.parametrize(("kept", "on_cpu", "found"), [
    (0.19, 0.69, [("interpreter-bound", "shown")]), (0.19, 0.5, []),  # of the time that others left to it
])  # fmt: skip
def test_a_running_service_s_loop_is_full_by_the_clock_that_is_seen_inside(
    loaded: Any, seen: Any, kept: float, on_cpu: float, found: list[tuple[str, str]]
) -> None:
    light = seen(users=1, rps=30, waits=(at("ready", 1),), profiled=False)
    own = {"main_cpu": on_cpu, "main_delay": kept, "lag_ms": 5, "loop_busy": 0.0}
    heavy = seen(users=20, rps=40, waits=(at("ready", 20),), profiled=False, **own)
    assert [(one.code, one.confidence) for one in event_loop(loaded(light, heavy))] == found


@pytest.mark.parametrize(("busy", "machine", "found"), [
    *((busy, HAD, [("interpreter-bound", "shown")]) for busy in (0.0, 0.2)),
    (0.0, {"main_cpu": 0.3, "cpu_percent": 30.0}, []), (0.0, STARVED, []),
])  # fmt: skip
def test_a_loop_that_small_pieces_fill_is_full_though_who_looks_finds_it_without_work(
    loaded: Any, seen: Any, busy: float, machine: dict[str, float], found: list[tuple[str, str]]
) -> None:
    own = {"at": "x (y.py:1)", "where": LINE}
    light = seen(users=1, rps=30, waits=(at("ready", 1),))
    heavy = seen(
        users=20, rps=40, waits=(at("ready", 20),), lag_ms=30, running=own, loop_busy=busy, **machine
    )
    findings = list(event_loop(loaded(light, heavy)))
    assert [(one.code, one.confidence) for one in findings] == found
    assert [one.where for one in findings] == [""] * len(found)
    assert not any(e.figure.startswith("of that in") for one in findings for e in one.evidence)


@pytest.mark.parametrize(("rps", "found"), [(490, []), (440, ["interpreter-bound"])])
def test_a_loop_that_is_full_of_small_pieces_is_blamed_for_a_quarter_of_the_requests(
    loaded: Any, seen: Any, rps: float, found: list[str]
) -> None:
    light = seen(users=1, rps=30, waits=(at("ready", 1),))
    heavy = seen(users=20, rps=rps, waits=(at("ready", 20),), lag_ms=30, loop_busy=0.2, **HAD)
    assert codes(event_loop(loaded(light, heavy))) == found


@pytest.mark.parametrize(("delay", "found"), [(0.0, ["stage-serialised"]), (0.4, [])])
def test_what_another_process_computes_is_not_the_loop_s(
    diagnose: Any, seen: Any, delay: float, found: list[str]
) -> None:
    """One of a pool's, as for embeddings, while the app looks for its results again and again; but whose loop
    waits for a CPU ends its sleeps late."""
    light, heavy = (
        seen(users=n, rps=rps, waits=(at("sleep", n),), loop_busy=0.05, lag_ms=0.2, loop_cpu=0.05,
             main_delay=delay, **HAD)
        for n, rps in ((1, 30), (20, 40))
    )  # fmt: skip
    assert [code for code in codes(diagnose(light, heavy)) if code == "stage-serialised"] == found


@pytest.mark.parametrize(("lag_ms", "found"), [(0.1, []), (30.0, ["interpreter-bound"])])
def test_a_loop_that_only_looks_again_and_again_ends_no_sleep_late(
    loaded: Any, seen: Any, lag_ms: float, found: list[str]
) -> None:
    light, heavy = (
        seen(users=n, rps=rps, waits=(at("sleep", n),), loop_busy=0.0, lag_ms=lag_ms, **HAD)
        for n, rps in ((1, 30), (20, 40))
    )
    assert codes(event_loop(loaded(light, heavy))) == found


def test_requests_too_quick_to_be_met_at_the_light_load_are_no_reason_to_be_blind(
    diagnose: Any, seen: Any
) -> None:
    light = seen(users=1, rps=900, loop_busy=0.0, main_cpu=0.6, cpu_percent=60.0)
    own = {"at": "x (y.py:1)", "where": LINE}
    waits = (at("running", 1), at("ready", 4))
    heavy = seen(users=5, rps=1100, waits=waits, lag_ms=6, running=own, loop_busy=0.9, **HAD)
    assert codes(diagnose(light, heavy)) == ["event-loop-blocked"]


@pytest.mark.parametrize(("second", "found"), [(590, []), (300, ["stage-serialised"])])
def test_a_loss_in_one_repeat_alone_is_no_service_s(
    loaded: Any, seen: Any, second: float, found: list[str]
) -> None:
    """As of another program that came and went, though on the mean a quarter of the requests waits."""
    both = [
        seen(users=users, rps=rps, waits=(at("lock", users),),
             spec={"repeat": repeat, "ttft_ms": 1e3 * users / rps})
        for repeat, many in ((1, 300), (2, second))
        for users, rps in ((1, 30), (20, many))
    ]  # fmt: skip
    analysis = loaded(*both)
    [service] = analysis.services
    assert sorted(round(one.heavy.per_second, -1) for one in service.each) == sorted((300, second))
    assert service.held > 0.2
    codes_found = [one.code for one in diagnosis(analysis)]
    assert [code for code in codes_found if code == "stage-serialised"] == found


@pytest.mark.parametrize(("at_the_lock", "sure"), [(19, "shown"), (9, "possible")])
def test_a_lock_behind_a_loop_that_is_always_held_may_be_the_loops_doing(
    diagnose: Any, seen: Any, at_the_lock: int, sure: str
) -> None:
    def waits(users: int, lock: int) -> Any:
        return ({**at("lock", lock)}, {"kind": "ready", "at": "", "where": "", "count": users - lock})

    light = seen(users=1, rps=30, waits=waits(1, 0), loop_busy=0.3)
    heavy = seen(
        users=20,
        rps=32,
        waits=waits(20, at_the_lock),
        running={"at": "f", "where": "f (mine.py:9)"},
        lag_ms=60,
    )
    found = {one.code: one.confidence for one in diagnose(light, heavy)}
    assert found["stage-serialised"] == sure


def test_one_cause_at_one_line_is_said_once(diagnose: Any, seen: Any) -> None:
    """The loop is full of searches, and so is the processor."""
    search = {"at": "search", "where": "look (mine.py:5)", "called": "faiss.class_wrappers:search"}
    ready = {"kind": "ready", "at": "", "where": "", "count": 20}
    found = diagnose(*(
        seen(users=users, rps=rps, waits=({**ready, "count": users},), running=search, loop_busy=busy,
             lag_ms=60, cpu_percent=cpu, main_cpu=min(0.97, cpu / 100))
        for users, rps, busy, cpu in ((1, 10, 0.3, 60.0), (20, 33, 1.0, 195.0))
    ))  # fmt: skip
    assert [one.code for one in found] == ["search-bound"]
    assert "smaller index" in found[0].advice
