"""What a service is seen not to compute is not what holds it, where somebody could have seen it."""

from pathlib import Path
from typing import Any

import pytest

from reported import analysed, rewritten
from reports.findings.acquitted.acquittal import acquittals
from reports.findings.catalogue import diagnosis

READ = {"kind": "socket-read", "at": "AsyncStream.read", "where": "answer (mine.py:30)"}
OF_THE_LOOP = {
    "client-per-request",
    "model-load-on-request-path",
    "llm-client-blocking",
    "preprocessing-on-loop",
}
COMPUTED = OF_THE_LOOP | {"search-bound", "embedding-cpu-bound", "default-executor-exhausted"}


@pytest.mark.parametrize(("busy", "called", "cpu_percent", "repeats", "free"), [
    (0.1, "", 20, 1, OF_THE_LOOP | {"search-bound", "embedding-cpu-bound"}),  # there is nothing to do
    (0.9, "faiss.class_wrappers:search", 20, 2, OF_THE_LOOP | {"embedding-cpu-bound"}),
    (0.9, "faiss.class_wrappers:search", 20, 1, {"embedding-cpu-bound"}),  # of too few looks
    (0.9, "faiss.class_wrappers:search", 190, 2, OF_THE_LOOP),
    (0.9, "", 190, 2, set()),  # the app's own code: it may be any of them
    (0.9, "re:sub", 20, 2, OF_THE_LOOP - {"preprocessing-on-loop"} | {"search-bound", "embedding-cpu-bound"}),
])  # fmt: skip
def test_a_kind_of_work_that_is_not_done(
    loaded: Any, seen: Any, busy: float, called: str, cpu_percent: float, repeats: int, free: set[str]
) -> None:
    work = {"at": "x", "where": "retrieve (mine.py:7)", "called": called}
    specs: list[Any] = [{"repeat": n + 1} for n in range(repeats)]
    heavy = [
        seen(users=20, rps=190, waits=({**READ, "count": 20},), running=work, loop_busy=busy,
             lag_ms=40 * (busy > 0.5), cpu_percent=cpu_percent, spec=spec)
        for spec in specs
    ]  # fmt: skip
    light = [seen(users=1, rps=10, waits=({**READ, "count": 1},), spec=spec) for spec in specs]
    analysis = loaded(*light, *heavy)
    assert {one.code for one in acquittals(analysis, diagnosis(analysis))} & COMPUTED == free


@pytest.mark.parametrize(("main_cpu", "free"), [(0.2, True), (0.8, False)])
def test_a_loop_that_works_in_pieces_too_small_to_be_looked_at_is_not_free(
    loaded: Any, seen: Any, main_cpu: float, free: bool
) -> None:
    """Its thread is on a CPU for most of the time, though all who looked found it without work."""
    analysis = loaded(*(
        seen(users=n, rps=10 * n, waits=({**READ, "count": n},), loop_busy=0.0, lag_ms=0.4,
             cpu_percent=100 * main_cpu, main_cpu=main_cpu)
        for n in (1, 20)
    ))  # fmt: skip
    codes = {one.code for one in acquittals(analysis, diagnosis(analysis))}
    assert ("event-loop-blocked" in codes) == free


@pytest.mark.parametrize(("busy", "free"), [(1, True), (5, False)])
def test_an_executor_that_has_room(loaded: Any, seen: Any, busy: int, free: bool) -> None:
    pool = {"name": "asyncio", "max": 6, "threads": 6, "busy": busy, "queued": 0}
    analysis = loaded(*(
        seen(users=n, rps=10 * n, waits=({**READ, "count": n},), executors=(pool,)) for n in (1, 20)
    ))  # fmt: skip
    codes = {one.code for one in acquittals(analysis, diagnosis(analysis))}
    assert ("default-executor-exhausted" in codes) == free


@pytest.mark.parametrize(("llm_ms", "came_ms", "free"), [(300, 290, True), (300, 20, False), (30, 29, False)])
def test_tokens_that_come_as_they_are_made(
    tmp_path: Path, loaded: Any, seen: Any, llm_ms: float, came_ms: float, free: bool
) -> None:
    loaded(*(seen(users=n, rps=2.0 * n, waits=None, llm_ms=(90, llm_ms)) for n in (1, 2)))

    def streamed(line: dict[str, Any], _: Any) -> None:
        line["last_token_at_ns"] = line["first_token_at_ns"] + round(came_ms * 1e6)
        line["gaps_us"] = [round(came_ms * 1e3 / 9)] * 9
        line["ended_at_ns"] = max(line["last_token_at_ns"], line["sent_at_ns"] + 400_000_000)

    rewritten(tmp_path, streamed)
    analysis = analysed(tmp_path / "run")
    codes = {one.code for one in acquittals(analysis, diagnosis(analysis))}
    assert ("buffered-stream" in codes) == free
