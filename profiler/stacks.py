"""Stacks of Python processes from outside, by py-spy: for apps that nobody can look into from within.

``python -m profiler.stacks --pid N --output stacks.jsonl``. A line a process and sample says of each thread
what it is, whether it runs, and where. py-spy stops the process for some milliseconds each time, so that it
is asked seldom. Values of variables are never asked for.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import orjson
import psutil

from profiler.inside.collector.pace import AT_RANDOM
from reach import unshown
from reach.key import without_key
from records.files import LineFile
from records.options.given_paths import GivenPath
from records.secrets.urls import BLANK

FIRST_SECONDS, EVERY_SECONDS = 2.0, 4.0
"""The first when the load has begun; then few, for each stops the process."""
_ONE_SECONDS = 10.0
MOST_PROCESSES = 8
_LOOPS = ("asyncio/base_events.py", "asyncio/runners.py", "uvloop/__init__.py")
_SELECTING = ("selectors.py", *_LOOPS)
"""Where a loop's thread is that waits for events; of one in C it is the last frame that Python sees."""
_POOLS = ("concurrent/futures/thread.py", "anyio/_backends/_asyncio.py")
_TAKING = (*_POOLS, "queue.py", "threading.py")
"""Where a pool's thread is that waits for a call."""
_FORK = "multiprocessing/popen_fork.py"
"""Where a process begins that was forked; what lies below is its parent's, be it a loop."""
_LIBRARIES = ("/site-packages/", "/dist-packages/", "/lib/python3", "<")
_NOT_PYTHON = ("python version", "python interpreter", "no such process", "no such file")
"""In what py-spy says of a process that is none of Python's, or is gone."""


def program() -> str | None:
    """Where py-spy is: beside this Python, or on the PATH."""
    beside = Path(sys.executable).parent / "py-spy"
    return str(beside) if beside.is_file() else shutil.which("py-spy")


def sample(py_spy: str, pid: int, redact: Callable[[str], str] = str) -> dict[str, Any] | None:
    """The threads of a process, or ``error``: why they cannot be seen; None: there are none to be seen.
    ``redact``: what may be kept of a text, before it is cut."""
    at_ns = time.time_ns()
    argv = [py_spy, "dump", "--json", "--pid", str(pid)]
    try:
        ended = subprocess.run(
            argv,
            capture_output=True,
            timeout=_ONE_SECONDS,
            stdin=subprocess.DEVNULL,
            env=without_key(os.environ),
        )
        if ended.returncode:
            said = ended.stderr.decode(errors="replace").strip()
            if any(one in said.lower() for one in _NOT_PYTHON):
                return None
            return {"at_ns": at_ns, "pid": pid, "error": _in_short(redact(said))}
        return {
            "at_ns": at_ns,
            "pid": pid,
            "threads": [thread_of(one, redact) for one in orjson.loads(ended.stdout)],
        }
    except subprocess.TimeoutExpired:
        return {"at_ns": at_ns, "pid": pid, "error": f"no answer in {_ONE_SECONDS:g} s"}
    except (OSError, LookupError, TypeError, ValueError) as error:
        return {"at_ns": at_ns, "pid": pid, "error": type(error).__name__}


def _in_short(said: str) -> str:
    if "permi" in said.lower():
        return "not permitted (as root, or with the capability SYS_PTRACE, it is)"
    return said.splitlines()[-1][:120] if said else "failed without a word"


def thread_of(raw: Any, redact: Callable[[str], str] = str) -> dict[str, Any]:
    """What a thread is, and does: ``idle`` waits for work, ``waits`` is at work that uses no processor."""
    frames = [frame for frame in raw["frames"] if frame["short_filename"]]
    files = [frame["short_filename"] for frame in frames]
    born = next((at for at, file in enumerate(files) if file == _FORK), len(files))
    frames, files = frames[:born], files[:born]
    of, below = "other", len(frames)
    for kind, known in (("loop", _LOOPS), ("executor", _POOLS)):
        if (place := next((i for i, file in enumerate(files) if file in known), None)) is not None:
            of, below = kind, place
            break
    idle = not frames
    if of == "loop":  # what it runs itself is work, too: it has much to do
        idle = idle or (files[0] in _SELECTING and not raw["active"])
    elif of == "executor":
        idle = all(file in _TAKING for file in files[:below])
    state = "idle" if idle else "cpu" if raw["active"] else "waits"
    # What lies below started the loop, or the thread.
    at = "" if idle else next((_said(one) for one in frames[:below] if _is_own(one)), _said(frames[0]))
    # Redacted whole: without its number, or cut, a name may end within a secret that nobody would know.
    name = redact(str(raw["thread_name"] or "")) if of == "executor" else ""
    return {
        "of": of,
        "name": _pool(name)[:40],
        "state": state,
        "gil": bool(raw["owns_gil"]),
        "at": redact(at)[:120],
    }


def _is_own(frame: Any) -> bool:
    return not any(one in str(frame["filename"]) for one in _LIBRARIES)


def _said(frame: Any) -> str:
    return f"{frame['name'].rpartition('.')[2]} ({frame['short_filename']}:{frame['line']})"


def _pool(thread: str) -> str:
    """The name of the pool that it is of, from its own."""
    return thread.rpartition("_")[0] or (thread if thread == BLANK else "")


def followed(pids: Sequence[int]) -> Iterator[int]:
    """Those processes and all that they started, as far as they live."""
    for pid in pids:
        try:
            process = psutil.Process(pid)
            yield from (one.pid for one in (process, *process.children(recursive=True)))
        except psutil.Error:
            continue


@click.command()
@click.option("--pid", "pids", type=int, multiple=True, required=True)
@click.option("--output", type=GivenPath(dir_okay=False), required=True)
@click.option("--duration", type=float, required=True)
def command(pids: tuple[int, ...], output: Path, duration: float) -> None:
    """Take stacks of processes, and of what they started, by py-spy."""
    py_spy, file, redact = program(), LineFile(output), unshown.redaction(os.environ, {}).redact
    if py_spy is None:
        raise click.ClickException("there is no py-spy here")
    began = time.monotonic()
    due = began + FIRST_SECONDS
    while due < began + duration:
        time.sleep(max(0.0, due - time.monotonic()))
        for pid in list(followed(pids))[:MOST_PROCESSES]:
            if (found := sample(py_spy, pid, redact)) is not None:
                file.append(orjson.dumps(found, option=orjson.OPT_APPEND_NEWLINE))
        # Not in step with a user who asks again and again (`inside.collector.pace`).
        due = max(due, time.monotonic()) + EVERY_SECONDS * random.uniform(*AT_RANDOM)


if __name__ == "__main__":
    command()
