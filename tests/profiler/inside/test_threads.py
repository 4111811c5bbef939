"""What threads are at: those of event loops, of executors, and others of the app."""

import asyncio
import fcntl
import os
import queue
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import CodeType, SimpleNamespace
from typing import Any

import anyio
import pytest
from starlette.concurrency import run_in_threadpool

from profiler.inside.collector import threads
from profiler.inside.collector.codes import seen_code
from profiler.inside.collector.kinds import work_of
from profiler.inside.collector.threads import Executors, at_work, loop_frame
from support import wait_until
from waiting import LIMIT_S, a_request, held, look, run, until


def frames() -> Any:
    return sys._current_frames()


def pooled(name: str) -> int:
    groups = at_work(frames(), {}, 0, by_frame)["groups"]
    return sum(one["count"] for one in groups if one["where"].startswith(f"{name} (") and one.get("waits"))


def by_frame(_ident: int, frame: Any) -> Any:
    return threads.work_of_thread(frame)


def test_an_executor_that_is_full_has_some_at_work_and_the_rest_queued(hold: threading.Event) -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(2, thread_name_prefix="mine"))

        async def search() -> None:
            await loop.run_in_executor(None, hold.wait)

        async def embed() -> None:
            await asyncio.to_thread(hold.wait)

        searching = {
            ("executor", "run_in_executor", "search"): 2,
            ("executor-queue", "run_in_executor", "search"): 1,
        }
        held(3, search)
        await until(searching)
        held(1, embed)
        await until({**searching, ("executor-queue", "asyncio.to_thread", "embed"): 1})
        [executor] = [one for one in Executors().look(frames()) if one["name"] == "mine"]
        assert executor == {"name": "mine", "max": 2, "threads": 2, "busy": 2, "queued": 2}
        hold.set()

    run(test)


def test_sync_code_in_anyios_threads_is_named_by_its_function(hold: threading.Event) -> None:
    def embed() -> None:
        hold.wait(LIMIT_S)

    async def test() -> None:
        anyio.to_thread.current_default_thread_limiter().total_tokens = 2
        held(5, lambda: a_request(partial(run_in_threadpool, embed)))
        working, waiting = ("thread", "anyio worker thread"), ("thread-limiter", "CapacityLimiter.acquire")
        await until({(*working, "embed"): 2, (*waiting, "embed"): 3}, "request")
        wait_until(lambda: pooled("embed") == 2)
        hold.set()

    run(test)


def test_an_app_that_is_installed_is_known_by_what_the_server_calls() -> None:
    async def test() -> None:
        source = "async def retrieve(library):\n await library()"
        space: dict[str, Any] = {}
        exec(compile(source, "/x/lib/site-packages/myapp/search.py", "exec"), space)
        inner = "import asyncio\nasync def find():\n await asyncio.Event().wait()"
        exec(compile(inner, "/x/lib/site-packages/vectors/find.py", "exec"), space)
        held(2, lambda: a_request(partial(space["retrieve"], space["find"])))
        await until({("event", "Event.wait", "retrieve"): 2}, "request")
        [group] = [group for group in look()["groups"] if group["of"] == "request"]
        assert (group["where"], group["via"]) == ("retrieve (myapp/search.py:2)", "find")

    run(test)


def test_the_thread_of_a_library_is_not_the_app_s_work(
    monkeypatch: pytest.MonkeyPatch, hold: threading.Event
) -> None:
    begun = threading.Event()
    space: dict[str, Any] = {}
    source = "def monitor(begun, hold):\n begun.set()\n hold.wait()"
    exec(compile(source, "/x/lib/site-packages/bars/monitor.py", "exec"), space)
    thread = threading.Thread(target=space["monitor"], args=(begun, hold))
    thread.start()
    assert begun.wait(LIMIT_S)
    mine = {thread.ident or 0: frames()[thread.ident]}
    seen_code(frames.__code__)  # code of one's own
    assert at_work(mine, {}, 0, by_frame)["groups"] == []
    monkeypatch.setattr(threads, "OWN", set())  # but where all is installed, it may be the app's
    [group] = at_work(mine, {}, 0, by_frame)["groups"]
    assert group["where"].startswith("monitor (bars/monitor.py:")


def test_who_runs_is_told_by_its_thread() -> None:
    async def test() -> None:
        [running] = [group for group in look()["groups"] if group["kind"] == "running"]
        assert running["count"] == 1
        frame = frames()[threading.get_ident()]
        found = loop_frame(frame, run.__code__)
        assert found is not None
        assert found["where"].startswith("frames (")
        assert loop_frame(frame, frame.f_code) is None
        assert isinstance(frame.f_code, CodeType)

    run(test)


POOL = "class HTTPPool:\n def _get_conn(self):\n  return queue.get(timeout=600)"


@pytest.mark.parametrize(("called", "doing"), [
    ("threading:Event.wait", "blocking-wait"),
    (":acquire", "lock-wait"),
    (":__enter__", "lock-wait"),
    (":flock", "lock-wait"),
    ("threading:Semaphore.acquire", "lock-wait"),
    ("clients.pool:HTTPPool._get_conn", "pool-wait"),
])  # fmt: skip
def test_what_a_thread_s_line_called_is_told_and_in_c_by_its_name_in_the_source(
    called: str, doing: str, hold: threading.Event, tmp_path: Path
) -> None:
    mine, theirs = (os.open(tmp_path / "lock", os.O_CREAT) for _ in range(2))
    fcntl.flock(mine, fcntl.LOCK_EX)
    lock, semaphore, full = threading.Lock(), threading.Semaphore(0), queue.Queue[int]()
    lock.acquire()
    space: dict[str, Any] = {"queue": full}
    exec(compile(POOL, "/x/lib/site-packages/clients/pool.py", "exec"), space)

    def waits() -> None:
        if called == ":acquire":
            lock.acquire(timeout=LIMIT_S)
        elif called == ":__enter__":
            with lock:
                pass
        elif called == ":flock":
            fcntl.flock(theirs, fcntl.LOCK_EX)
        elif called.endswith("Semaphore.acquire"):
            semaphore.acquire(timeout=LIMIT_S)
        elif called.endswith("_get_conn"):
            space["HTTPPool"]()._get_conn()
        else:
            hold.wait(LIMIT_S)

    thread = threading.Thread(target=waits)
    thread.start()

    def found() -> list[Any]:
        frame = frames().get(thread.ident)
        groups = at_work({1: frame} if frame else {}, {}, 0, by_frame)["groups"]
        return [one for one in groups if one.get("called") == called]

    try:
        [group] = wait_until(found, LIMIT_S)
        assert (group["where"].partition(" (")[0], group["doing"]) == ("waits", doing)
        assert "waits" not in group
    finally:
        hold.set()
        os.close(mine)
        lock.release()
        semaphore.release()
        full.put(1)
        thread.join()
        os.close(theirs)


@pytest.mark.parametrize(("module", "name", "kind"), [
    ("openai._client", "AsyncOpenAI.__init__", "client-setup"),
    ("ssl", "create_default_context", "client-setup"),
    ("transformers.modeling_utils", "PreTrainedModel.from_pretrained", "model-load"),
    ("openai.resources.chat.completions", "Completions.create", ""),
])  # fmt: skip
def test_what_a_function_is_known_for(module: str, name: str, kind: str) -> None:
    assert work_of(module, name) == kind


def test_a_frame_between_two_lines_is_where_its_code_begins() -> None:
    code = test_a_frame_between_two_lines_is_where_its_code_begins.__code__
    frame: Any = SimpleNamespace(f_code=code, f_lineno=None, f_lasti=0, f_back=None)
    found = loop_frame(frame, run.__code__)
    assert found is not None
    assert found["at"].endswith(f":{code.co_firstlineno})")
