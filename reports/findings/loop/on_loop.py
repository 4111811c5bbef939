"""What an event loop's thread is at most of its time, and which causes that can be."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from reports.evidence.inside import InsideOfCells
from reports.evidence.libraries import WAITING, by_family, function_of


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
    )
