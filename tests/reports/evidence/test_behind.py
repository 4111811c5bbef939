"""Who waits for others of the app's own is counted where those wait, or in their queue."""

from typing import Any

import pytest

from reports.findings.acquitted.acquittal import acquittals

LINE, LOCKED = "retrieve (mine.py:7)", "embed (mine.py:3)"


def at(kind: str, count: float, **more: str) -> dict[str, Any]:
    return {"kind": kind, "where": LINE, "count": count, **more}


def stuck(doing: str, count: float) -> dict[str, Any]:
    waits = {"blocking-io": "socket-read", "blocking-wait": "event"}.get(doing, "")
    return {"where": LOCKED, "called": ":__enter__", "doing": doing, "waits": waits, "count": count}


@pytest.mark.parametrize("kind", ["executor", "thread"])
@pytest.mark.parametrize(("doing", "code", "where"), [
    ("lock-wait", "stage-serialised", LOCKED),
    ("pool-wait", "connection-pool-exhausted", LOCKED),
    ("blocking-io", "dependency-bound", LOCKED),
    ("blocking-wait", "unknown", LOCKED),
])  # fmt: skip
def test_a_request_waits_for_what_its_thread_waits_for(
    diagnose: Any, seen: Any, kind: str, doing: str, code: str, where: str
) -> None:
    heavy = seen(users=20, rps=10, waits=(at(kind, 20),), threads=(stuck(doing, 19),))
    [found, *_] = diagnose(seen(users=1, rps=10, waits=(at(kind, 1),)), heavy)
    assert (found.code, found.where) == (code, where)


def test_no_request_is_in_a_thread_of_the_app_s_own_that_listens(diagnose: Any, seen: Any) -> None:
    listens = {**stuck("blocking-io", 19), "waits": ""}
    heavy = seen(users=20, rps=10, waits=(at("thread", 20),), threads=(listens,))
    [found, *_] = diagnose(seen(users=1, rps=10, waits=(at("thread", 1),)), heavy)
    assert (found.code, found.where) == ("unknown", LINE)


def test_threads_that_serve_no_request_hold_none_up(diagnose: Any, seen: Any) -> None:
    heavy = seen(
        users=20, rps=10, waits=(at("semaphore", 19), at("thread", 1)), threads=(stuck("pool-wait", 9),)
    )
    [found, *_] = diagnose(seen(users=1, rps=10, waits=(at("thread", 1),)), heavy)
    assert (found.code, found.where) == ("stage-serialised", LINE)


@pytest.mark.parametrize("waits", ["future", "event", "queue-get"])
@pytest.mark.parametrize(("beside", "threads", "via", "code"), [
    ({"kind": "executor", "count": 1}, (), "", "stage-serialised"),  # one worker makes it for all
    ({"kind": "sleep", "count": 1}, (), "", "unknown"),  # it looks again now and then
    (None, ({"where": LOCKED, "called": ":sleep", "count": 1},), "", "unknown"),
    (None, ({"where": LOCKED, "count": 1},), "", "stage-serialised"),  # a thread does
    ({"kind": "socket-read", "count": 20}, (), "", "unknown"),  # each has its own
    ({"kind": "queue-get", "count": 1}, (), "", "unknown"),  # the worker has nothing to do
    (None, (), "", "unknown"),
    ({"kind": "sleep", "count": 1}, (), "Client.get", "unknown"),  # a library's, that knows of no worker
])  # fmt: skip
def test_what_few_workers_make_for_all_is_waited_for_in_turn(
    diagnose: Any, seen: Any, waits: str, beside: Any, threads: Any, via: str, code: str
) -> None:
    tasks = () if beside is None else ({"of": "task", "where": "worker (mine.py:1)", **beside},)
    light, heavy = (
        seen(users=users, rps=10, waits=(at(waits, users, via=via), *tasks), threads=threads)
        for users in (1, 20)
    )
    [found, *_] = diagnose(light, heavy)
    assert (found.code, found.where) == (code, LINE)
    if code != "unknown":
        figures = {one.figure: one.value for one in found.evidence}
        assert (figures["requests that wait there because of the load"], found.confidence) == (
            pytest.approx(19),
            "likely",
        )


@pytest.mark.parametrize(("idles", "code"), [("queue-get", "stage-serialised"), ("sleep", "unknown")])
def test_a_worker_that_sleeps_between_two_pieces_is_at_work_if_it_waits_for_some_when_there_are_few(
    diagnose: Any, seen: Any, idles: str, code: str
) -> None:
    """As one that keeps to a rate; who sleeps at any load only looks again now and then."""
    light, heavy = (
        seen(users=users, rps=10, waits=(
            at("future", users),
            {"of": "task", "where": f"worker (mine.py:{line})", "kind": kind, "count": 1},
        ))
        for users, kind, line in ((1, idles, 1), (20, "sleep", 2))
    )  # fmt: skip
    [found, *_] = diagnose(light, heavy)
    assert (found.code, found.where) == (code, LINE)


@pytest.mark.parametrize(("kind", "loop_busy", "code"), [
    ("sleep", 0.1, "stage-serialised"),
    ("sleep", 0.9, "interpreter-bound"),  # they sleep for too long, as nothing wakes them
    ("rate-limit", 0.1, "stage-serialised"),
    ("retry", 0.1, "llm-upstream-bound"),
])  # fmt: skip
def test_who_sleeps_for_longer_under_load_waits_for_room(
    diagnose: Any, seen: Any, kind: str, loop_busy: float, code: str
) -> None:
    running = {"at": "x (y.py:1)", "where": LINE}
    heavy = seen(
        users=20,
        rps=10,
        waits=(at(kind, 20),),
        running=running,
        loop_busy=loop_busy,
        main_cpu=loop_busy,
    )
    [found, *_] = diagnose(seen(users=1, rps=10, waits=(at(kind, 1),)), heavy)
    assert found.code == code


@pytest.mark.parametrize(("lag_ms", "code"), [(0.1, "stage-serialised"), (20.0, "unknown")])
def test_sleeps_that_end_late_are_no_longer_ones(diagnose: Any, seen: Any, lag_ms: float, code: str) -> None:
    """120 answers of several pieces a second instead of 200, and before each piece a sleep."""
    light, heavy = (
        seen(users=users, rps=rps, waits=(at("sleep", users),), loop_busy=0.1, lag_ms=lag_ms)
        for users, rps in ((1, 10), (20, 120))
    )
    [found, *_] = diagnose(light, heavy)
    assert (found.code, found.where) == (code, LINE)


@pytest.mark.parametrize("queued", [0, 18])
def test_a_server_that_answers_in_threads_has_none_free(diagnose: Any, seen: Any, queued: int) -> None:
    """Further requests are in its queue, or not met at all."""
    work = {"where": LOCKED, "called": "openai:create", "doing": "blocking-io", "count": 2}
    queue = ({"kind": "executor-queue", "count": queued},) if queued else ()
    waits = (at("socket-read", 2), *queue)
    heavy = seen(users=20, rps=20, waits=waits, threads=(work,), looped=False)
    found, *_ = diagnose(seen(users=1, rps=10, waits=(at("socket-read", 1),), looped=False), heavy)
    assert (found.code, found.where) == ("thread-pool-exhausted", LOCKED)


def test_a_server_with_a_loop_that_meets_few_is_not_said_to_want_threads(diagnose: Any, seen: Any) -> None:
    light, heavy = (seen(users=users, rps=10, waits=(at("socket-read", 1),)) for users in (1, 20))
    assert [one.code for one in diagnose(light, heavy)] == ["unknown"]


@pytest.mark.parametrize(("reads_elsewhere", "code"), [(1, "dependency-bound"), (0, "unknown")])
def test_another_service_is_told_from_the_llm_by_the_llm_s_record(
    diagnose: Any, seen: Any, reads_elsewhere: int, code: str
) -> None:
    llm = {"kind": "socket-read", "where": "generate (mine.py:30)", "count": reads_elsewhere}
    light, heavy = (
        seen(users=users, rps=10, waits=(at("socket-read", users - 1), llm), llm_ms=(100, 0))
        for users in (2, 20)
    )
    [found, *_] = diagnose(light, heavy)
    assert (found.code, found.where) == (code, LINE)


def test_an_llm_that_got_nothing_has_no_part_in_what_one_function_reads_at_two_lines(
    diagnose: Any, seen: Any
) -> None:
    second = {"kind": "socket-read", "where": "retrieve (mine.py:9)", "count": 1}
    light, heavy = (
        seen(users=users, rps=10, waits=(at("socket-read", users - 1), second)) for users in (2, 20)
    )
    [found, *_] = diagnose(light, heavy)
    assert (found.code, found.where, found.confidence) == ("dependency-bound", LINE, "likely")


@pytest.mark.parametrize(("light_lag_ms", "codes"), [
    (60.0, ["event-loop-blocked", "dependency-bound"]), (1.0, ["event-loop-blocked"]),
])  # fmt: skip
def test_a_loop_that_is_as_late_without_the_load_hides_nothing_that_the_load_adds(
    diagnose: Any, seen: Any, light_lag_ms: float, codes: list[str]
) -> None:
    """The load adds 100 ms to an answer."""
    llm = {"kind": "socket-read", "where": "generate (mine.py:30)", "count": 1}
    burn = {"where": "refresh (mine.py:3)", "called": ""}
    found = diagnose(*(
        seen(users=users, rps=rps, waits=(at("socket-read", users - 1), llm), llm_ms=(10, 0),
             running=burn, loop_busy=0.4, lag_ms=lag_ms)
        for users, rps, lag_ms in ((2, 20, light_lag_ms), (20, 100, 60.0))
    ))  # fmt: skip
    assert {one.code for one in found} >= {*codes}
    assert ("dependency-bound" in {one.code for one in found}) == ("dependency-bound" in codes)


def test_an_llm_whose_record_ends_before_the_heavy_load_is_not_acquitted(diagnose: Any, seen: Any) -> None:
    light = seen(users=2, rps=10, waits=(at("socket-read", 2),), llm_ms=(100, 0))
    [found, *_] = diagnose(light, seen(users=20, rps=10, waits=(at("socket-read", 20),)))
    assert (found.code, found.where, found.confidence) == ("llm-upstream-bound", LINE, "likely")


def test_a_process_that_fills_one_core_of_two_is_not_acquitted(loaded: Any, seen: Any) -> None:
    light, heavy = (
        seen(users=users, rps=10, waits=(at("event", users),), cpu_percent=98.0) for users in (1, 20)
    )
    assert "interpreter-bound" not in [one.code for one in acquittals(loaded(light, heavy), ())]


@pytest.mark.parametrize(("idle", "busy", "code"), [
    ({"called": "queue:Queue.get", "doing": "blocking-wait"}, {"called": ":sleep"}, "stage-serialised"),
    ({"called": ":get"}, {"called": ":sleep"}, "stage-serialised"),  # of a SimpleQueue
    ({"called": "queue:Queue.get", "doing": "blocking-wait"},) * 2 + ("unknown",),  # it has nothing to do
    ({"called": ":sleep"}, {"called": ":sleep"}, "unknown"),  # it looks again now and then
])  # fmt: skip
def test_a_thread_that_takes_work_makes_it_also_where_it_only_waits_for_somebody(
    diagnose: Any, seen: Any, idle: dict[str, str], busy: dict[str, str], code: str
) -> None:
    taker = {"where": LOCKED, "count": 1}
    light = seen(users=1, rps=10, waits=(at("socket-read", 1),), threads=({**taker, **idle},))
    heavy = seen(users=20, rps=10, waits=(at("future", 20),), threads=({**taker, **busy},))
    [found, *_] = diagnose(light, heavy)
    assert (found.code, found.where) == (code, LINE)


@pytest.mark.parametrize(("at_the_llm", "codes"), [(1, ["dependency-bound"]), (12, [])])
def test_where_the_llm_s_requests_have_to_be_nobody_else_is_waited_for(
    diagnose: Any, seen: Any, at_the_llm: int, codes: list[str]
) -> None:
    """The LLM has so many at a time, at 10 a second; seven are seen to read at the other of its lines."""
    llm = {"kind": "socket-read", "where": "generate (mine.py:30)"}
    ms = 100.0 * at_the_llm
    light = seen(users=2, rps=10, waits=(at("socket-read", 1), {**llm, "count": 1}), llm_ms=(ms, 0))
    heavy = seen(users=20, rps=10, waits=(at("socket-read", 13), {**llm, "count": 7}), llm_ms=(ms, 0))
    assert [one.code for one in diagnose(light, heavy) if one.code == "dependency-bound"] == codes


@pytest.mark.parametrize(("of_streams", "codes"), [
    ("retrieve (mine.py:8)", []), ("generate (mine.py:30)", ["dependency-bound"]),
])  # fmt: skip
def test_who_reads_the_llm_s_streams_is_no_other_service_where_a_third_one_is_read(
    diagnose: Any, seen: Any, of_streams: str, codes: list[str]
) -> None:
    """The LLM has two at a time, and more than these read elsewhere than at the line."""
    elsewhere = (
        {"kind": "socket-read", "where": "search (mine.py:50)", "count": 3},
        {"kind": "socket-read", "where": of_streams, "count": 1},
    )
    light, heavy = (
        seen(users=users, rps=10, llm_ms=(200, 0), waits=(at("socket-read", users - 4), *elsewhere))
        for users in (5, 20)
    )
    assert [one.code for one in diagnose(light, heavy) if one.code == "dependency-bound"] == codes


@pytest.mark.parametrize(("first_tokens", "code", "sure"), [
    ((1.0, 1.0), "dependency-bound", "possible"), ((0.0, 0.0), "llm-upstream-bound", "likely"),
    ((1.0, 2.0), "llm-upstream-bound", "likely"),  # they come later there, too
])  # fmt: skip
def test_without_its_record_the_llm_is_known_by_where_its_first_tokens_are_waited_for(
    diagnose: Any, seen: Any, first_tokens: tuple[float, float], code: str, sure: str
) -> None:
    """Each answer streams for 200 ms: of 10 a second two at a time do, and who reads more than those waits
    for first tokens there. Else they may be waited for at the line, be it in a function of its own."""
    streams = {"kind": "socket-read", "where": "generate (mine.py:30)"}
    light, heavy = (
        seen(
            users=users,
            rps=10,
            waits=(at("socket-read", users - 3), {**streams, "count": 2 + first}),
            llm_recorded=False,
            spec={"streaming_ms": 200.0},
        )
        for users, first in zip((4, 20), first_tokens, strict=True)
    )
    [found, *_] = diagnose(light, heavy)
    assert (found.code, found.where, found.confidence) == (code, LINE, sure)


def test_first_tokens_are_the_llm_s_own_in_the_function_that_reads_its_streams(
    diagnose: Any, seen: Any
) -> None:
    streams = {"kind": "socket-read", "where": "retrieve (mine.py:9)", "count": 3}
    light, heavy = (
        seen(
            users=users,
            rps=10,
            waits=(at("socket-read", users - 3), streams),
            llm_recorded=False,
            spec={"streaming_ms": 200.0},
        )
        for users in (4, 20)
    )
    [found, *_] = diagnose(light, heavy)
    assert (found.code, found.where) == ("llm-upstream-bound", LINE)
