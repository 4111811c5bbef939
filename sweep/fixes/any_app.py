"""What may mend a finding of anybody's app: variables that its libraries and its server read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from sweep.fixes.remedy import Effective, Remedies, Remedy, cores

MOST_WORKERS = 8
"""Each may hold a model of its own in memory."""
_SIZED_BY_VARIABLE = frozenset(("uvicorn", "gunicorn"))
"""Of all servers of Python apps those that take WEB_CONCURRENCY for the number of their workers,"""
_WINS = ("--workers", "-w", "--reload")
"""unless they are told by a word."""


def _workers(effective: Effective) -> str | None:
    """One a core."""
    now, wanted = effective.number("WEB_CONCURRENCY") or 1, min(effective.cores or 1, MOST_WORKERS)
    return str(wanted) if wanted > now else None


def _loops(effective: Effective) -> str | None:
    """One a core, and two at least: while one loop is held by a wait, a second one needs no other core."""
    now, wanted = effective.number("WEB_CONCURRENCY") or 1, max(2, min(effective.cores or 1, MOST_WORKERS))
    return str(wanted) if wanted > now else None


AS_MANY_AS_CORES = Remedy(settings={"OMP_NUM_THREADS": cores})
ONE_EACH = Remedy(settings={"OMP_NUM_THREADS": "1"})
MORE_WORKERS = Remedy(settings={"WEB_CONCURRENCY": _workers})
MORE_LOOPS = Remedy(settings={"WEB_CONCURRENCY": _loops}, relieves=True)

ANY_APP: Remedies = {
    "cpu-throttled": (AS_MANY_AS_CORES, ONE_EACH),
    "cpu-oversubscribed": (AS_MANY_AS_CORES, ONE_EACH),
}


OF_A_SERVER: Remedies = {
    "interpreter-bound": (MORE_WORKERS,),
    **dict.fromkeys(
        (
            "event-loop-blocked",
            "client-per-request",
            "model-load-on-request-path",
            "llm-client-blocking",
            "preprocessing-on-loop",
            "search-bound",
            "thread-pool-exhausted",
            "default-executor-exhausted",
        ),
        (MORE_LOOPS,),
    ),
}
"""Of what each process has one: an event loop, a pool of threads."""


def remedies_for(words: Sequence[str]) -> Remedies:
    """Of an app by the words of the command that starts it."""
    served = any(PurePath(word).name in _SIZED_BY_VARIABLE for word in words)
    told = any(word.startswith(_WINS) for word in words)
    return {**ANY_APP, **OF_A_SERVER} if served and not told else ANY_APP
