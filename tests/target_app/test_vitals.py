"""What the target says of itself: lag, pauses, pools, and what is on its way to the LLM."""

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from prometheus_client import CollectorRegistry

from profiler.scrape import LEAST_INTERVAL_S
from target_app.batching import BatchEmbedder
from target_app.executors import DEFAULT_EXECUTOR, Pool
from target_app.upstream import Upstream
from target_app.vitals import WINDOW_S, Durations, Vitals


def value(vitals: Vitals, name: str, **labels: str) -> float | None:
    registry = CollectorRegistry()
    registry.register(vitals)
    return registry.get_sample_value(name, labels)


def test_the_longest_is_of_this_window_and_the_one_before() -> None:
    clock = SimpleNamespace(s=100.0)
    times = Durations(lambda: clock.s)
    for windows, seconds, longest in ((0.0, 0.5, 0.5), (0.9, 0.2, 0.5), (1.9, 0.1, 0.5)):
        clock.s = 100.0 + windows * WINDOW_S
        times.add(seconds)
        assert times.longest == longest
    assert (times.count, times.sum) == (3, pytest.approx(0.8))
    for windows, longest in ((2.9, 0.1), (12.9, 0.0)):
        clock.s = 100.0 + windows * WINDOW_S
        assert times.longest == longest
    times.add(0.3)
    clock.s += 10 * WINDOW_S
    assert times.longest == 0.0


def test_a_profile_that_asks_for_it_misses_no_longest() -> None:
    assert WINDOW_S >= LEAST_INTERVAL_S


def ran(during: Callable[[Vitals], object]) -> Vitals:
    """One that ran while that was done."""
    vitals = Vitals(Upstream())

    async def run() -> None:
        vitals.start()
        during(vitals)
        vitals.stop()

    asyncio.run(run())
    return vitals


def test_a_timer_that_comes_late_is_the_loops_lag() -> None:
    vitals = ran(lambda one: one._ring(loop := asyncio.get_running_loop(), loop.time() - 0.25))
    assert value(vitals, "target_loop_lag_seconds_count") == 1
    assert value(vitals, "target_loop_lag_max_seconds") == pytest.approx(0.25, abs=0.2)


def test_collections_are_counted_while_it_runs() -> None:
    vitals = ran(lambda _: gc.collect())
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
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


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
    knocker = Mock(contention_metric=0.75)
    monkeypatch.setattr("target_app.vitals._knocker", lambda: knocker)
    assert value(Vitals(Upstream()), "target_gil_contention") == 0.75
    assert knocker.reset_contention_metric.called
    monkeypatch.setattr("target_app.vitals._knocker", lambda: None)
    assert value(Vitals(Upstream()), "target_gil_contention") is None
