"""The collector in processes of their own, which its environment alone brings there."""

import json
import os
import subprocess
import sys
import textwrap
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import profiler.inside

SITE = Path(profiler.inside.__file__).parent / "site"
LIMIT_S = 60
Line = dict[str, Any]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    folder = tmp_path / "inside"
    folder.mkdir()
    return folder


def environment(kept: Path, *more: Path, **variables: str) -> dict[str, str]:
    path = os.pathsep.join(map(str, [SITE, *more]))
    own = {name: text for name, text in os.environ.items() if not name.startswith("COVERAGE")}
    return {
        **own, "PYTHONPATH": path, "CHOKEPOINT_INSIDE": str(kept), "CHOKEPOINT_INSIDE_MS": "5", **variables,
    }  # fmt: skip


def ran(program: str, kept: Path, *more: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-c", textwrap.dedent(program)]
    env = environment(kept, *more, **variables)
    return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=LIMIT_S)


def lines(kept: Path) -> list[Line]:
    whole = [path.read_text().rpartition("\n")[0] for path in kept.iterdir()]
    return [json.loads(line) for text in whole for line in text.splitlines()]


UNTIL = """
    import json, os, time
    def until(told):
        "Until a line of this process's tells it."
        ends = time.monotonic() + 60
        path = os.path.join(os.environ["CHOKEPOINT_INSIDE"], f"{os.getpid()}.jsonl")
        while time.monotonic() < ends:
            if os.path.exists(path):
                whole = open(path).read().rpartition("\\n")[0]
                if any(told(json.loads(line)) for line in whole.splitlines()):
                    return
            time.sleep(0.005)
        raise SystemExit("never told")
"""


def test_a_process_without_a_loop_has_no_file_and_does_not_even_import_asyncio(kept: Path) -> None:
    told = ran(
        "import sys; print(sorted({'asyncio', 'typing', '_chokepoint_inside'} & set(sys.modules)))", kept
    )
    assert (told.stdout, told.stderr, told.returncode) == ("[]\n", "", 0)
    told = ran("import asyncio, sys; print('_chokepoint_inside' in sys.modules, len(sys.meta_path))", kept)
    plain = subprocess.run(
        [sys.executable, "-c", "import asyncio, sys; print(False, len(sys.meta_path))"],
        env=environment(kept) | {"CHOKEPOINT_INSIDE": ""},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert (told.stdout, told.stderr) == (plain.stdout, "")
    assert not list(kept.iterdir())


@pytest.mark.parametrize("runs", ["asyncio.run(main())", "import uvloop; uvloop.run(main())"])
def test_a_blocked_loop_shows_its_lag_and_the_line_that_blocks_it(kept: Path, runs: str) -> None:
    program = f"""
    import asyncio, os, time
    def embed():
        ends = time.monotonic() + 60
        path = os.path.join(os.environ["CHOKEPOINT_INSIDE"], f"{{os.getpid()}}.jsonl")
        while time.monotonic() < ends:
            for line in open(path) if os.path.exists(path) else ():
                if '"where":"embed (' in line and '"lag_ms":0.0,' not in line:
                    return
            time.sleep(0.005)
    async def main():
        embed()
    {runs}
    """
    told = ran(program, kept)
    assert (told.stderr, told.returncode) == ("", 0)
    running = [(line["loops"][0]["running"] or {}).get("where", "") for line in lines(kept)]
    assert any(where.startswith("embed (") for where in running)
    assert max(line["loops"][0]["lag_ms"] for line in lines(kept)) > 0
    assert all(line["errors"] == 0 for line in lines(kept))


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
    told = ran(program, kept)
    assert (told.stderr, told.returncode) == ("", 0)
    now_ns = time.time_ns()
    assert all(0 < now_ns - line["at_ns"] < LIMIT_S * 1e9 for line in lines(kept))


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
    told = ran(program, kept, PYTHONWARNINGS="ignore")
    assert (told.stderr, told.returncode) == ("", 0)
    code, parent, child = map(int, told.stdout.split())
    assert code == 7
    assert {path.name for path in kept.iterdir()} == {f"{parent}.jsonl", f"{child}.jsonl"}
    assert {line["pid"] for line in lines(kept)} == {parent, child}


@pytest.mark.parametrize("folder", ["gone", "file"])
def test_where_it_cannot_write_the_app_runs_all_the_same(kept: Path, folder: str) -> None:
    (kept / "file").write_text("")
    program = "import asyncio, time; asyncio.run(asyncio.sleep(0.05)); print('fine')"
    told = ran(program, kept, CHOKEPOINT_INSIDE=str(kept / folder))
    assert (told.stdout, told.stderr, told.returncode) == ("fine\n", "", 0)


@pytest.fixture
def hidden(tmp_path: Path) -> Callable[[str], Path]:
    def make(text: str) -> Path:
        folder = tmp_path / "theirs"
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(text)
        return folder

    return make


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


def test_a_sitecustomize_that_ours_hides_is_run_once(kept: Path, hidden: Callable[[str], Path]) -> None:
    theirs = hidden("import os, sys\nos.environ['MARK'] = os.environ.get('MARK', '') + __name__")
    show = f"{SHOW}print(sys.modules['sitecustomize'].__file__)"
    told = ran(show, kept, theirs)
    assert told.stdout.splitlines() == ["sitecustomize", str(theirs / "sitecustomize.py")]
    assert (told.stderr, len(list(kept.iterdir()))) == ("", 1)


def test_one_before_ours_that_chains_is_not_run_again(kept: Path, hidden: Callable[[str], Path]) -> None:
    # As ddtrace does it: off the path, and import the next one.
    theirs = hidden(
        "import os, sys\n"
        "os.environ['MARK'] = os.environ.get('MARK', '') + 'x'\n"
        "sys.path.remove(os.path.dirname(__file__)); del sys.modules['sitecustomize']\n"
        "import sitecustomize"
    )
    path = os.pathsep.join([str(theirs), str(SITE)])
    told = ran(SHOW, kept, PYTHONPATH=path)
    assert (told.stdout, told.stderr, len(list(kept.iterdir()))) == ("x\n", "", 1)


def test_one_that_raises_is_reported_as_without_us_and_the_app_runs(
    kept: Path, hidden: Callable[[str], Path]
) -> None:
    theirs = hidden("raise RuntimeError('theirs')")
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
    with subprocess.Popen(
        argv, cwd=folder, env=environment(kept, folder), stderr=subprocess.PIPE, text=True
    ) as process:
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
    with served(tmp_path, kept, "--loop", loop) as url:
        asking = [
            threading.Thread(
                target=urllib.request.urlopen, args=(f"{url}/{path}",), kwargs={"timeout": LIMIT_S}
            )
            for path in ("ask", "ask", "ask", "sync", "sync")
        ]
        for thread in asking:
            thread.start()
        ends_s, found = time.monotonic() + LIMIT_S, set()
        while found != wanted and time.monotonic() < ends_s:
            time.sleep(0.02)
            last = lines(kept)[-1:]
            groups = [one for line in last for one in line["groups"] if one["of"] == "request"]
            found = {(one["kind"], one.get("where"), one["count"]) for one in groups}
        urllib.request.urlopen(f"{url}/release", timeout=LIMIT_S)
        for thread in asking:
            thread.join(LIMIT_S)
    assert found == wanted
    assert (last[0]["requests"], last[0]["others"], last[0]["errors"]) == (5, 0, 0)
    in_threads = {(one["where"], one["count"]) for one in last[0]["threads"]["groups"]}
    assert in_threads == {("embed (mine.py:21)", 2)}
