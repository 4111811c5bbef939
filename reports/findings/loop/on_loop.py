"""What an event loop's thread is at most of its time, and which causes that can be."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from reports.evidence.behind import computes
from reports.evidence.inside import InsideOfCells
from reports.evidence.libraries import OWN, WAITING, by_family, function_of


@dataclass(frozen=True, kw_only=True)
class Cause:
    """What holds a loop, as its finding says it."""

    code: str
    advice: str


CLIENT_SETUP = Cause(
    code="client-per-request",
    advice="Make one client when the app starts and share it: each new one reads the trusted certificates and"
    " opens connections of its own",
)
MODEL_LOAD = Cause(
    code="model-load-on-request-path",
    advice="Load and check the model once, before the app says that it is ready",
)
LLM_CLIENT = Cause(
    code="llm-client-blocking",
    advice="Use the LLM library's asynchronous client and await it, or run the call in a thread",
)
SMALLER_INDEX = "Use an approximate or smaller index, or give the store its own process"
"""Where the CPUs are full of searches, so that a thread gains nothing."""
SEARCH = Cause(
    code="search-bound",
    advice="Search in a thread of its own, use an approximate index, or give the store a process",
)
TEXT = Cause(
    code="preprocessing-on-loop",
    advice="Move the work on the text to a thread or a process, or do less of it for each request",
)
BLOCKED = Cause(
    code="event-loop-blocked",
    advice="Move this call off the event loop: await an asynchronous version of it, or run it in a thread",
)
INTERPRETER = Cause(
    code="interpreter-bound",
    advice="Run more worker processes: one Python process runs one thing at a time, and this one is full",
)
MOVED = (BLOCKED, TEXT)
BY_FAMILY = {"client-setup": CLIENT_SETUP, "model-load": MODEL_LOAD, "search": SEARCH, "text": TEXT}

UNSEEN_MS = 5.0
"""For so long who looks waits for the interpreter while Python computes (`sys.getswitchinterval`), and sees
what runs then. So the last 5 ms of each piece of work are seen as what comes after it: the next call that
lets go of the interpreter, as reading a socket does."""
OF_FILES = frozenset(
    f":{name}"
    for name in (
        "fsync", "fdatasync", "sync", "write", "writelines", "flush", "pwrite", "writev", "pwritev",
        "truncate", "ftruncate", "copy_file_range", "sendfile", "open", "read", "readinto", "readline",
        "readlines", "pread",
    )
)  # fmt: skip
"""Calls without a frame of Python that wait for a disk, and let go of the interpreter meanwhile."""
PURE = (OWN, "text")
"""Kinds of work that keep the interpreter."""


@dataclass(frozen=True, kw_only=True)
class OnLoop:
    """What the loop's thread does most of its time."""

    kind: str
    of_kind: float
    """Its share of all the time, as those below."""
    line: str
    """Where it is most, in the function that does most of it,"""
    of_function: float
    """and that function's share."""
    waits: float
    """In which it is in that kind's code and only waits, for a socket or another thread."""
    of_files: float = 0.0
    """In which that function writes, syncs or reads a file."""


def work_on_loop(inside: InsideOfCells, kind: str | None = None) -> OnLoop:
    """Of that kind; None: of which there is most."""
    kinds: Counter[str] = Counter()
    works = by_family(inside.running)
    for one, _, busy in works:
        kinds[one] += busy  # type: ignore[assignment]
    if kind is None:
        kind = max(kinds, key=lambda one: kinds[one], default="")
    own = [(work, busy) for one, work, busy in works if one == kind]
    functions: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    for work, busy in own:
        functions[function_of(work)] += busy  # type: ignore[assignment]
        lines[work.where] += busy  # type: ignore[assignment]
    function = max(functions, key=lambda one: functions[one], default="")
    inner = sorted({work.where for work, _ in own if function_of(work) == function})
    line = max(inner, key=lambda one: lines[one], default="")
    return OnLoop(
        kind=kind,
        of_kind=kinds[kind],
        line=line,
        of_function=functions[function],
        waits=sum(busy for work, busy in own if work.doing in WAITING),
        of_files=sum(busy for work, busy in own if function_of(work) == function and work.called in OF_FILES),
    )


def long_piece(inside: InsideOfCells, per_second: float) -> OnLoop | None:
    """The function of the app's own that computes most in Python, be it at many lines, with what is not seen
    of it. None: no answer is seen in one for as long as that, so that nobody knows whether its pieces are."""
    functions: Counter[str] = Counter()
    works = [one for one in by_family(inside.running) if one[0] in PURE and computes(one[1])]
    for _, work, busy in works:
        functions[function_of(work)] += busy  # type: ignore[assignment]
    if not functions or not per_second:
        return None
    function, seen = max(functions.items(), key=lambda one: one[1])
    own = [one for one in works if function_of(one[1]) == function]
    more = share_unseen(inside, per_second)
    if seen < more:
        return None
    of_text = sum(busy for kind, _, busy in own if kind == "text")
    of_function = min(inside.loop_busy, seen + more)
    lines: Counter[str] = Counter()
    for _, work, busy in own:
        lines[work.where] += busy  # type: ignore[assignment]
    return OnLoop(
        kind="text" if 2 * of_text >= seen else OWN,
        of_kind=of_function,
        line=max(sorted(lines), key=lambda one: lines[one]),
        of_function=of_function,
        waits=0.0,
        of_files=sum(busy for _, work, busy in own if work.called in OF_FILES),
    )


def share_unseen(inside: InsideOfCells, per_second: float) -> float:
    """The share of a loop's time in which it is at the last `UNSEEN_MS` of a piece that each answer has."""
    return UNSEEN_MS / 1e3 * per_second / inside.loops
