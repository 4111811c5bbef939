"""The collector in processes that run already: by `sys.remote_exec` where there is a Python 3.14, and on any
version with the script handed over by the app itself, which shows all but that."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from newer_python import NEW, needs_new
from profiler.attach import entered
from profiler.attach.looking import Looking
from profiler.attach.target import Target
from support import wait_until

LIMIT_S = 60
APP = """
import asyncio, gc, os, sys, threading
gate = asyncio.Semaphore(2)
async def retrieve(hold):
    async with gate:
        await hold.wait()
def listen(loop, ended):
    for line in sys.stdin:
        if line == "state\\n":
            print(len(os.listdir("/proc/self/task")), len(gc.callbacks), flush=True)
        else:
            script = compile(open(line.strip()).read(), "<string>", "exec")
            loop.call_soon_threadsafe(exec, script, {})
    loop.call_soon_threadsafe(ended.set)
async def main():
    hold, ended = asyncio.Event(), asyncio.Event()
    tasks = [asyncio.create_task(retrieve(hold)) for _ in range(10)]
    threading.Thread(target=listen, args=(asyncio.get_running_loop(), ended), daemon=True).start()
    print("ready", flush=True)
    while not ended.is_set():
        await asyncio.sleep(0.01)
asyncio.run(main())
"""
WAITS = {("semaphore", "retrieve (mine.py:5)", 8), ("event", "retrieve (mine.py:6)", 2)}


class App:
    def __init__(self, python: str, folder: Path) -> None:
        (folder / "mine.py").write_text(APP)
        self.process = subprocess.Popen(
            [python, "mine.py"], cwd=folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.said() == "ready"

    @property
    def pid(self) -> int:
        return self.process.pid

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def said(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def state(self) -> str:
        """How many threads it has, and how many are told of collected garbage."""
        self.tell("state")
        return self.said()


@pytest.fixture(params=["handed", pytest.param("remote_exec", marks=needs_new)])
def app(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    monkeypatch.setattr(Target, "place", lambda self: self.root / str(tmp_path).lstrip("/"))
    found = App(NEW if request.param == "remote_exec" and NEW else sys.executable, tmp_path)
    if request.param == "handed":
        monkeypatch.setattr(entered, "run_there", lambda _, script, package="": found.tell(script))
    with found.process:
        try:
            yield found
            found.process.communicate(timeout=LIMIT_S)
            assert found.process.returncode == 0
        finally:
            found.process.kill()


def seen(lines: list[bytes]) -> list[set[tuple[Any, ...]]]:
    samples = [json.loads(line) for line in b"".join(lines).splitlines()]
    return [{(g["kind"], g.get("where"), g["count"]) for g in sample["groups"]} & WAITS for sample in samples]


def looking_at(app: App, lines: list[bytes]) -> Looking:
    looking = Looking(lambda: [app.pid], lines.append, 0.01)
    looking.begin()
    return looking


def step_until(looking: Looking, told: Callable[[], object]) -> None:
    def stepped() -> object:
        looking.step()
        return told()

    wait_until(stepped, LIMIT_S)


def test_it_shows_where_tasks_wait_is_loaded_once_and_leaves_the_app_as_it_was(
    app: App, tmp_path: Path
) -> None:
    before = app.state()
    threads, callbacks = map(int, before.split())
    ours: list[bytes] = []
    theirs: list[bytes] = []
    first = looking_at(app, ours)
    step_until(first, lambda: WAITS in seen(ours))
    assert app.state() == f"{threads + 1} {callbacks + 1}"
    assert not list(tmp_path.glob("chokepoint-*"))
    second = looking_at(app, theirs)
    step_until(second, lambda: WAITS in seen(theirs))
    assert app.state() == f"{threads + 1} {callbacks + 1}"
    assert first.end() == []
    theirs.clear()
    step_until(second, lambda: WAITS in seen(theirs))
    assert second.end() == []
    wait_until(lambda: app.state() == before, LIMIT_S)
    again = looking_at(app, ours)
    ours.clear()
    step_until(again, lambda: WAITS in seen(ours))
    again.end()
    wait_until(lambda: app.state() == before, LIMIT_S)


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", *words]


@needs_new
def test_profile_shows_the_lines_at_which_tasks_of_a_running_process_wait(tmp_path: Path) -> None:
    app = App(str(NEW), tmp_path)
    words = ("--pid", str(app.pid), "--inside", "--duration", "2", "--output", str(tmp_path / "p.json"))
    with app.process:
        told = subprocess.run(command("profiler", *words), capture_output=True, text=True, timeout=LIMIT_S)
        app.process.communicate()
    assert told.returncode == 0, told.stderr
    assert "Semaphore.acquire in retrieve (mine.py:5)" in told.stdout
    assert (tmp_path / "p.inside.jsonl").stat().st_size


SECRET = "zq7Lm_Wx93kTbe2Rv"
CALLED_SO = f"""
import asyncio, concurrent.futures
made = {{}}
exec(compile("async def {SECRET}(future):\\n await future", "/app/{SECRET}.py", "exec"), made)
async def main():
    loop = asyncio.get_running_loop()
    loop.run_in_executor(pool := concurrent.futures.ThreadPoolExecutor(1, "{SECRET}"), int)
    waits = asyncio.create_task(made["{SECRET}"](type("{SECRET}", (asyncio.Future,), {{}})()))
    print("ready", flush=True)
    while loop.time() < ends:
        await asyncio.sleep(0.01)
import time
ends = time.monotonic() + 5
asyncio.run(main())
"""


@needs_new
def test_a_profile_keeps_no_secret_by_which_a_service_calls_its_functions_and_threads(tmp_path: Path) -> None:
    env = {**os.environ, "SVC_API_TOKEN": SECRET}
    with subprocess.Popen([str(NEW), "-c", CALLED_SO], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        words = (
            "--pid",
            str(process.pid),
            "--inside",
            "--duration",
            "2",
            "--output",
            str(tmp_path / "p.json"),
        )
        told = subprocess.run(
            command("profiler", *words), capture_output=True, text=True, timeout=LIMIT_S, env=env
        )
    assert told.returncode == 0, told.stderr
    assert "in *** (***" in told.stdout
    assert '"name":"***"' in (tmp_path / "p.inside.jsonl").read_text()
    for kept in (*(path.read_text() for path in tmp_path.iterdir()), told.stdout, told.stderr):
        assert not any(SECRET[at : at + 8] in kept for at in range(10))


@needs_new
def test_a_profile_tells_one_that_did_not_load_it_from_one_without_a_loop(tmp_path: Path) -> None:
    def told(program: str, name: str) -> str:
        with subprocess.Popen([str(NEW), "-c", program], stdin=subprocess.PIPE) as process:
            words = (
                "--pid",
                str(process.pid),
                "--inside",
                "--duration",
                "1",
                "--output",
                str(tmp_path / name),
            )
            found = subprocess.run(
                command("profiler", *words), capture_output=True, text=True, timeout=LIMIT_S
            )
            process.kill()
        return found.stdout

    idle = "import asyncio, os; os.read(0, 1)"
    busy = "import asyncio, time\nwhile True: time.sleep(0.01)"
    assert "no process could be looked into" in told(idle, "idle.json")
    assert "no event loop ran there" in told(busy, "busy.json")


@needs_new
def test_a_reader_that_is_killed_leaves_nothing_behind(tmp_path: Path) -> None:
    app, output = App(str(NEW), tmp_path), tmp_path / "inside.jsonl"
    with app.process:
        before = app.state()
        words = ("--pid", str(app.pid), "--output", str(output))
        with subprocess.Popen(command("profiler.attach", *words)) as reader:
            wait_until(lambda: output.exists() and output.stat().st_size, LIMIT_S)
            reader.kill()
        wait_until(lambda: app.state() == before, LIMIT_S)
        app.process.communicate()
    assert app.process.returncode == 0


@needs_new
def test_one_whose_main_thread_runs_no_python_is_told_and_runs_nothing_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Target, "place", lambda self: self.root / str(tmp_path).lstrip("/"))
    program = "import asyncio, os, sys; os.write(1, b'-'); os.read(0, 1); print(*sys.modules)"
    argv = [str(NEW), "-c", program]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.read(1) == b"-"
        looking = Looking(lambda: [process.pid], lambda _: None, 0.01)
        looking.begin()
        looking.step()
        [line] = looking.end()
        assert "ran no Python code" in line
        assert not list(tmp_path.iterdir())
        out, err = process.communicate(b"x", timeout=LIMIT_S)
    assert (err, b"_chokepoint_inside" in out, process.returncode) == (b"", False, 0)
