"""What the target says of itself: lag, pauses, pools, and what is on its way to the LLM."""

import asyncio
import gc
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from target_app.batching import BatchEmbedder
from target_app.executors import DEFAULT_EXECUTOR, Pool
from target_app.upstream import Upstream
from target_app.vitals import Durations, Vitals


class Clock:
    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


def value(vitals: Vitals, name: str, **labels: str) -> float | None:
    registry = CollectorRegistry()
    registry.register(vitals)
    return registry.get_sample_value(name, labels)


def test_the_longest_is_of_this_second_and_the_one_before() -> None:
    clock = Clock()
    times = Durations(clock)
    times.add(0.5)
    clock.s += 0.9
    times.add(0.2)
    assert (times.count, times.sum, times.longest) == (2, 0.7, 0.5)
    clock.s += 1
    times.add(0.1)
    assert times.longest == 0.5
    clock.s += 1
    assert times.longest == 0.1
    clock.s += 10
    assert (times.count, times.longest) == (3, 0.0)


def test_a_timer_that_comes_late_is_the_loops_lag() -> None:
    vitals = Vitals(Upstream())

    async def run() -> None:
        vitals.start()
        loop = asyncio.get_running_loop()
        vitals._ring(loop, loop.time() - 0.25)
        vitals.stop()

    asyncio.run(run())
    assert value(vitals, "target_loop_lag_seconds_count") == 1
    assert value(vitals, "target_loop_lag_max_seconds") == pytest.approx(0.25, abs=0.2)


def test_collections_are_counted_while_it_runs() -> None:
    vitals = Vitals(Upstream())

    async def run() -> None:
        vitals.start()
        gc.collect()
        vitals.stop()

    asyncio.run(run())
    gc.collect()
    count = vitals.pauses.count
    assert count >= 1
    assert value(vitals, "target_gc_pause_seconds_count") == count
    assert (value(vitals, "target_gc_pause_seconds_sum") or 0) > 0  # its maximum is of the last second
    assert vitals._note_collection not in gc.callbacks


@pytest.fixture
def held() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def state(vitals: Vitals, executor: str) -> list[float | None]:
    names = ("max_threads", "busy_threads", "queued")
    return [value(vitals, f"target_executor_{name}", executor=executor) for name in names]


def test_threads_at_work_and_what_waits_for_them(held: threading.Event) -> None:
    begun = threading.Event()

    def work() -> None:
        begun.set()
        held.wait(60)

    vitals, pool = Vitals(Upstream()), Pool(1, "a-pool")
    for one in (work, work, held.wait):
        pool.submit(one)
    assert begun.wait(60)
    assert state(vitals, "a-pool") == [1, 1, 2]
    held.set()
    pool.shutdown(wait=True)
    assert state(vitals, "another") == [None, None, None]


def test_questions_that_gather_for_a_batch_wait_too(held: threading.Event) -> None:
    class Slow:
        def embed_array(self, questions: Any) -> Any:
            held.wait(60)
            return [0] * len(questions)

    async def run() -> list[float | None]:
        embedder = BatchEmbedder(Slow(), limit=1, window_ms=0)  # type: ignore[arg-type]
        asked = [asyncio.create_task(embedder.embed(str(number))) for number in range(3)]
        await asyncio.sleep(0)  # the first begins a batch of all three that the loop has come to
        await asyncio.sleep(0)
        asked.append(asyncio.create_task(embedder.embed("late")))
        await asyncio.sleep(0)
        found = state(Vitals(Upstream()), "embed-pool")
        held.set()
        await asyncio.gather(*asked)
        embedder.close()
        return found

    assert asyncio.run(run())[2] == 1


def test_the_default_executor_is_one_of_them() -> None:
    vitals = Vitals(Upstream())

    async def run() -> None:
        vitals.start()
        assert state(vitals, DEFAULT_EXECUTOR) == [None, None, None]
        await asyncio.to_thread(int)
        vitals.stop()
        most, _, queued = state(vitals, DEFAULT_EXECUTOR)
        assert (queued, (most or 0) >= 4) == (0, True)

    asyncio.run(run())


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_each_connection_of_a_client_is_counted_once(url: str) -> None:
    upstream = Upstream()
    assert value(Vitals(upstream), "target_upstream_connects_total") is None
    upstream.used = True
    with httpx.Client(trust_env=False, event_hooks=upstream.hooks(asynchronous=False)) as client:
        assert value(Vitals(upstream), "target_upstream_connects_total") == 0
        client.get(url)
        client.get(url)

    async def ask() -> None:
        hooks = upstream.hooks(asynchronous=True)
        async with httpx.AsyncClient(trust_env=False, event_hooks=hooks) as asynchronous:
            await asynchronous.get(url)

    assert upstream.connects == 1
    asyncio.run(ask())
    with upstream.request():
        assert value(Vitals(upstream), "target_upstream_connects_total") == 2
        assert value(Vitals(upstream), "target_upstream_inflight_requests") == 1


def test_contention_for_the_interpreters_lock_is_told_where_gilknocker_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Knocker:
        contention_metric = 0.75
        resets = 0

        def start(self) -> None: ...
        def stop(self) -> None: ...

        def reset_contention_metric(self) -> None:
            self.resets += 1

    knocker = Knocker()
    monkeypatch.setattr("target_app.vitals._knocker", lambda: knocker)
    assert value(Vitals(Upstream()), "target_gil_contention") == 0.75
    assert knocker.resets > 0
    monkeypatch.setattr("target_app.vitals._knocker", lambda: None)
    assert value(Vitals(Upstream()), "target_gil_contention") is None
