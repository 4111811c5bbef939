"""The collector in processes of their own, which its environment alone brings there."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from collected import LIMIT_S, SITE, UNTIL, Line, environment, lines, ran, ran_well
from support import wait_until


def test_a_process_without_a_loop_has_no_file_and_does_not_even_import_asyncio(kept: Path) -> None:
    show = "import sys; print(sorted({'asyncio', 'typing', '_chokepoint_inside'} & set(sys.modules)))"
    assert ran_well(show, kept) == "[]\n"
    show = "import asyncio, sys; print('_chokepoint_inside' in sys.modules)"
    assert ran_well(show, kept) == "False\n"
    assert not list(kept.iterdir())


@pytest.mark.parametrize("runs", ["asyncio.run(main())", "import uvloop; uvloop.run(main())"])
def test_a_blocked_loop_shows_its_lag_and_the_line_that_blocks_it(kept: Path, runs: str) -> None:
    program = f"""
    {UNTIL}
    import asyncio, threading
    def embed(blocks):
        blocks.join()
    def late(line):
        [loop] = line["loops"]
        return loop["lag_ms"] > 0 and (loop["running"] or {{}}).get("where", "").startswith("embed (")
    async def main():
        blocks = threading.Thread(target=until, args=(late,))
        blocks.start()
        embed(blocks)
    {runs}
    """
    ran_well(program, kept)
    assert all(line["errors"] == 0 for line in lines(kept))


def test_what_a_loop_runs_of_no_code_of_the_app_s_is_not_laid_to_the_line_that_started_it(kept: Path) -> None:
    program = f"""
    {UNTIL}
    import asyncio, threading
    def waits(line):  # main does, too, for a thread to begin
        at = line["loops"][0]["running"] or {{"at": "", "where": ""}}
        return at["at"].startswith("Condition.wait") and not at["where"].startswith("main (")
    def free(held):
        until(waits)
        held.set()
    async def main():
        held = threading.Event()
        asyncio.get_running_loop().call_soon(held.wait)
        await asyncio.to_thread(free, held)
    asyncio.run(main())
    """
    ran_well(program, kept)
    running = [line["loops"][0]["running"] or {"where": ""} for line in lines(kept)]
    assert not [one for one in running if one["where"].startswith("<module>")]


def test_a_healthy_loop_is_seen_to_wait_for_events_and_the_garbage_collector_is_timed(kept: Path) -> None:
    program = f"""
    {UNTIL}
    import asyncio, gc
    async def main():
        await asyncio.to_thread(until, lambda line: line["loops"][0]["running"] is None)
        gc.collect()
        await asyncio.to_thread(until, lambda line: line["gc"]["collections"] and line["gc"]["ms"] > 0)
    asyncio.run(main())
    """
    ran_well(program, kept)
    now_ns = time.time_ns()
    assert all(0 < now_ns - line["at_ns"] < LIMIT_S * 1e9 for line in lines(kept))


def test_the_clocks_are_those_of_the_loop_s_thread_also_where_that_is_not_the_main_one(kept: Path) -> None:
    program = f"""
    {UNTIL}
    import asyncio, threading, time
    used_ns = []
    def works(line):
        used_ns.extend(loop["cpu_ns"] for loop in line["loops"])
        return used_ns and used_ns[-1] - used_ns[0] >= 50_000_000
    async def main():
        told = asyncio.create_task(asyncio.to_thread(until, works))
        while not told.done():
            sum(range(1000))
            await asyncio.sleep(0)
        await told
        print(time.thread_time_ns())
    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    thread.join()
    """
    own_ns = int(ran_well(program, kept))
    loops = [loop for line in lines(kept) for loop in line["loops"]]
    assert max(loop["cpu_ns"] for loop in loops) <= own_ns
    assert all(loop["cpu_wait_ns"] >= 0 for loop in loops)


def test_a_server_that_answers_in_threads_shows_what_each_request_waits_for(kept: Path) -> None:
    program = f"""
    {UNTIL}
    import threading, urllib.request
    from werkzeug.serving import make_server
    lock = threading.Lock()
    def retrieve():
        with lock:
            return [b"found"]
    def app(environ, start_response):
        start_response("200 OK", [])
        return retrieve()
    def locked(line):
        found = [(one["of"], one["kind"], one.get("where", "")[:10], one["count"]) for one in line["groups"]]
        return not line["loops"] and line["requests"] == 2 and found == [("request", "lock", "retrieve (", 2)]
    lock.acquire()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{{server.port}}/"
    asks = [threading.Thread(target=lambda: urllib.request.urlopen(url).read()) for _ in range(2)]
    [ask.start() for ask in asks]
    until(locked)
    lock.release()
    [ask.join() for ask in asks]
    """
    assert ran(program, kept).returncode == 0
    assert all(line["errors"] == 0 and line["server"] == 1 for line in lines(kept))


def test_a_forked_worker_has_a_file_of_its_own_and_so_has_a_spawned_one(kept: Path) -> None:
    program = f"""
    {UNTIL}
    import asyncio, subprocess, sys
    async def main():
        await asyncio.to_thread(until, lambda line: line["tasks"] > 0)
    asyncio.run(main())
    child = os.fork()
    if not child:
        asyncio.run(main())
        os._exit(7)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), os.getpid(), child, flush=True)
    asyncio.run(main())  # the parent's goes on
    """
    code, parent, child = map(int, ran_well(program, kept, PYTHONWARNINGS="ignore").split())
    assert code == 7
    assert len(list(kept.iterdir())) == 2
    assert {line["pid"] for line in lines(kept)} == {parent, child}


@pytest.mark.parametrize("folder", ["gone", "file"])
def test_where_it_cannot_write_the_app_runs_all_the_same(kept: Path, folder: str) -> None:
    (kept / "file").write_text("")
    program = "import asyncio, time; asyncio.run(asyncio.sleep(0.05)); print('fine')"
    assert ran_well(program, kept, CHOKEPOINT_INSIDE=str(kept / folder)) == "fine\n"


def hidden(tmp_path: Path, text: str) -> Path:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "sitecustomize.py").write_text(text)
    return tmp_path / "theirs"


SHOW = """
import asyncio, os, sys, time
async def main():
    ends = time.monotonic() + 60
    while "_chokepoint_inside" in sys.modules and time.monotonic() < ends:
        if os.listdir(os.environ["CHOKEPOINT_INSIDE"]):
            break
        await asyncio.sleep(0.005)
asyncio.run(main())
print(os.environ.get("MARK"))
"""


def test_a_sitecustomize_that_ours_hides_is_run_once(kept: Path, tmp_path: Path) -> None:
    theirs = hidden(tmp_path, "import os, sys\nos.environ['MARK'] = os.environ.get('MARK', '') + __name__")
    told = ran(f"{SHOW}print(sys.modules['sitecustomize'].__file__)", kept, theirs)
    assert told.stdout.splitlines() == ["sitecustomize", str(theirs / "sitecustomize.py")]
    assert (told.stderr, len(list(kept.iterdir()))) == ("", 1)


def test_one_before_ours_that_chains_is_not_run_again(kept: Path, tmp_path: Path) -> None:
    # As ddtrace does it: off the path, and import the next one.
    theirs = hidden(
        tmp_path,
        "import os, sys\nos.environ['MARK'] = os.environ.get('MARK', '') + 'x'\n"
        "sys.path.remove(os.path.dirname(__file__)); del sys.modules['sitecustomize']\n"
        "import sitecustomize",
    )
    told = ran(SHOW, kept, PYTHONPATH=os.pathsep.join([str(theirs), str(SITE)]))
    assert (told.stdout, told.stderr, len(list(kept.iterdir()))) == ("x\n", "", 1)


def test_one_that_raises_is_reported_as_without_us_and_the_app_runs(kept: Path, tmp_path: Path) -> None:
    theirs = hidden(tmp_path, "raise RuntimeError('theirs')")
    told = ran(SHOW, kept, theirs)
    alone = ran(SHOW, kept, PYTHONPATH=str(theirs))
    assert "theirs" in told.stderr
    assert (told.stderr, told.stdout, told.returncode) == (alone.stderr, "None\n", 0)
    assert len(list(kept.iterdir())) == 1


APP = """
import asyncio, threading
from fastapi import FastAPI, Request
app = FastAPI()
semaphore, hold, lock = asyncio.Semaphore(1), asyncio.Event(), threading.Event()

@app.middleware("http")
async def log(request: Request, call_next):
    return await call_next(request)

async def retrieve():
    async with semaphore:
        await hold.wait()

@app.get("/ask")
async def ask():
    await retrieve()

@app.get("/sync")
def embed():
    lock.wait()

@app.get("/release")
async def release():
    hold.set()
    lock.set()
"""


@contextmanager
def served(folder: Path, kept: Path, *words: str) -> Iterator[str]:
    (folder / "mine.py").write_text(APP)
    argv = [sys.executable, "-m", "uvicorn", "mine:app", "--port", "0", *words]
    env = environment(kept, folder)
    with subprocess.Popen(argv, cwd=folder, env=env, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            yield next(line.split()[4] for line in process.stderr if "running on" in line)
        finally:
            process.terminate()
            process.communicate(timeout=LIMIT_S)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_requests_of_a_fastapi_app_under_uvicorn(tmp_path: Path, kept: Path, loop: str) -> None:
    wanted = {
        ("semaphore", "retrieve (mine.py:12)", 2),
        ("event", "retrieve (mine.py:13)", 1),
        ("thread", "embed (mine.py:19)", 2),
    }
    last: Line = {}

    def waiting() -> bool:
        last.update(lines(kept)[-1] if list(kept.iterdir()) and lines(kept) else {"groups": []})
        groups = [one for one in last["groups"] if one["of"] == "request"]
        return {(one["kind"], one.get("where"), one["count"]) for one in groups} == wanted

    with served(tmp_path, kept, "--loop", loop) as url, ThreadPoolExecutor(5) as pool:
        for path in ("ask", "ask", "ask", "sync", "sync"):
            pool.submit(urllib.request.urlopen, f"{url}/{path}", timeout=LIMIT_S)
        try:
            wait_until(waiting)
        finally:
            urllib.request.urlopen(f"{url}/release", timeout=LIMIT_S)
    assert (last["requests"], last["others"], last["errors"]) == (5, 0, 0)
    in_threads = {(one["where"], one["count"]) for one in last["threads"]["groups"]}
    assert in_threads == {("embed (mine.py:21)", 2)}
