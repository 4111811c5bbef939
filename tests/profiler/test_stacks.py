"""Stacks of a process from outside: a real one's, and what is made of what py-spy says."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from profiler.stacks import program, sample, thread_of
from records.secrets.redaction import Redaction

APP = """
import asyncio, concurrent.futures, time
def wait_in_thread(): time.sleep(60)
def hold(): time.sleep(60)
async def main():
    pool = concurrent.futures.ThreadPoolExecutor(2, "mine")
    asyncio.get_running_loop().run_in_executor(pool, wait_in_thread)
    print("ready", flush=True)
    hold()
asyncio.run(main())
"""
PYTHON = "/usr/lib/python3.11/"
LOOP = ("_run_once", PYTHON + "asyncio/base_events.py", "asyncio/base_events.py")
SELECT = ("select", PYTHON + "selectors.py", "selectors.py")
POOL = ("_worker", PYTHON + "concurrent/futures/thread.py", "concurrent/futures/thread.py")
SCRIPT = ("<module>", "/home/me/bin/uvicorn", "uvicorn")
BORN = ("_launch", PYTHON + "multiprocessing/popen_fork.py", "multiprocessing/popen_fork.py")
MINE = ("Store.find", "/home/me/mine.py", "mine.py")
HTTPX = ("send", "/x/site-packages/httpx/_client.py", "httpx/_client.py")


@pytest.mark.parametrize(("frames", "active", "expected"), [
    ((SELECT, LOOP, SCRIPT), False, ("loop", "idle", "")), ((POOL,), False, ("executor", "idle", "")),
    ((LOOP, SCRIPT), True, ("loop", "cpu", "_run_once (asyncio/base_events.py:7)")),
    ((HTTPX, MINE, LOOP, SCRIPT), False, ("loop", "waits", "find (mine.py:7)")),
    ((HTTPX, LOOP, SCRIPT), True, ("loop", "cpu", "send (httpx/_client.py:7)")),
    ((MINE, POOL), True, ("executor", "cpu", "find (mine.py:7)")),
    ((MINE, BORN, POOL, MINE, LOOP), True, ("other", "cpu", "find (mine.py:7)")),  # a pool's process
    ((MINE, LOOP, BORN, SCRIPT), True, ("loop", "cpu", "find (mine.py:7)")),  # a server's worker
    ((MINE,), False, ("other", "waits", "find (mine.py:7)")), ((), False, ("other", "idle", "")),
])  # fmt: skip
def test_a_thread_is_what_its_frames_say(
    frames: tuple[tuple[str, str, str], ...], active: bool, expected: tuple[str, str, str]
) -> None:
    names = ("name", "filename", "short_filename")
    told = [dict(zip(names, one, strict=True), line=7) for one in frames]
    found = thread_of({"active": active, "owns_gil": True, "thread_name": "mine_1", "frames": told})
    assert (found["of"], found["state"], found["at"]) == expected
    assert found["gil"]


@pytest.mark.skipif(program() is None, reason="there is no py-spy")
def test_a_real_process_is_seen_from_outside(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(APP)
    with subprocess.Popen([sys.executable, str(tmp_path / "mine.py")], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            threads: list[dict[str, Any]] = []
            ends = time.monotonic() + 30
            while time.monotonic() < ends and [one["state"] for one in threads] != ["waits"] * 2:
                found = sample(str(program()), process.pid) or {}
                if "not permitted" in found.get("error", ""):
                    pytest.skip(found["error"])
                threads = found.get("threads", [])
        finally:
            process.kill()
    at = {thread["of"]: (thread["name"], thread["at"]) for thread in threads}
    assert at == {"loop": ("", "hold (mine.py:4)"), "executor": ("mine", "wait_in_thread (mine.py:3)")}


def test_names_are_redacted_before_they_are_cut() -> None:
    secret = "k" * 30 + "-correct-horse-9"
    frames = [{"name": f"{secret}{'x' * 90}", "filename": "/m.py", "short_filename": "m.py", "line": 7}]
    pool = {"name": "_worker", "filename": POOL[1], "short_filename": POOL[2], "line": 1}
    raw = {"frames": [*frames, pool], "active": True, "owns_gil": False, "thread_name": f"{secret}_0"}
    found = thread_of(raw, Redaction([secret]).redact)
    assert (found["name"], found["at"]) == ("***", f"***{'x' * 90} (m.py:7)")


@pytest.mark.parametrize(("says", "kept"), [
    ("echo 'Error: Permission Denied: Try running again' >&2; exit 1", "not permitted"),
    ("echo 'Error: Failed to find python version from target process' >&2; exit 1", None),
    ("echo 'Error: odd' >&2; exit 1", "Error: odd"), ("echo nonsense", "JSONDecodeError"),
])  # fmt: skip
def test_why_there_are_none_is_kept_in_one_line(tmp_path: Path, says: str, kept: str | None) -> None:
    fake = tmp_path / "py-spy"
    fake.write_text(f"#!/bin/sh\n{says}\n")
    fake.chmod(0o755)
    found = sample(str(fake), 1)
    assert (found is None) if kept is None else (found is not None and kept in found["error"])
