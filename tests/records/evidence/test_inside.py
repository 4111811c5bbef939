"""What was seen inside an app: read back, and what it comes to."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from records.evidence.inside import Place, Work, read_inside
from records.evidence.inside_span import summary
from records.evidence.unreadable import unreadable

S = 10**9
SEMAPHORE = {"kind": "semaphore", "at": "Semaphore.acquire", "where": "retrieve (app.py:3)"}
SLEEP = {"kind": "sleep", "at": "asyncio.sleep", "where": "poll (app.py:9)", "via": "wait"}


def line(at: int, pid: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "at_ns": at * S, "pid": pid, "loops": [{"lag_ms": 1.0, "running": None}], "tasks": 50, "ready": 0,
        "requests": 40, "others": 1, "server": 2,
        "groups": [{"of": "request", **SEMAPHORE, "count": 31}, {"of": "task", **SLEEP, "count": 1}],
        "executors": [{"name": "asyncio", "max": 6, "threads": 6, "busy": 6, "queued": 10}],
        "threads": {"count": 7, "groups": [{"where": "search (app.py:5)", "count": 6}]},
        "gc": {"collections": 2, "ms": 2.0, "longest_ms": 1.5}, "errors": 1, "took_us": 500, **changes,
    }  # fmt: skip


def kept(path: Path, *lines: dict[str, Any], end: bytes = b"") -> Path:
    path.write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in lines) + end)
    return path


def test_over_a_window_the_mean_number_that_waits_of_how_many(tmp_path: Path) -> None:
    work = {"at": "_run (x/y.py:1)", "where": "embed (app.py:7)", "called": "torch.nn:F.x"}
    running = {"lag_ms": 3.0, "running": work}
    path = kept(
        tmp_path / "inside.jsonl",
        line(5, requests=1, groups=[]),  # before
        line(10),
        line(20, requests=20, groups=[{"of": "request", **SEMAPHORE, "count": 11}], loops=[running]),
        line(20, pid=2, requests=4, groups=[{"of": "request", **SEMAPHORE, "count": 4}]),
        end=b'{"at_ns": 21, "pi',  # a kill
    )
    found = summary(read_inside(path), 10 * S, 20 * S)
    assert found is not None
    assert (found.of, found.total, found.samples, found.processes) == ("request", 34.0, 3, 2)
    assert [one.requests for one in found.each] == [30.0, 4.0]
    assert found.waits == ((Place(**SEMAPHORE), 25.0),)
    assert (found.lag_longest_ms, found.loop_busy) == (3.0, pytest.approx(1 / 4))
    work_seen = Work(where="embed (app.py:7)", at="_run", called="torch.nn:F.x")
    assert found.running == ((work_seen, pytest.approx(1 / 4)),)
    [executor] = found.executors
    assert (executor.most, executor.busy, executor.queued) == (12, 12.0, 20.0)
    assert found.in_threads == ((Work(where="search (app.py:5)"), 12.0),)
    assert (found.gc_ms, found.gc_longest_ms, found.errors) == (6.0, 1.5, 2)


def test_the_loop_of_a_process_that_only_keeps_the_workers_going_is_none_of_theirs(tmp_path: Path) -> None:
    busy = [{"lag_ms": 3.0, "running": {"at": "x (y.py:1)", "where": "embed (app.py:7)"}}]
    keeper = {"requests": 0, "server": 0, "groups": []}
    for loops, expected in ((busy, (1.0, 3.0, True)), ([], (0.0, 0.0, False))):
        path = kept(tmp_path / "inside.jsonl", line(1, loops=loops), line(1, pid=2, **keeper))
        found = summary(read_inside(path), 0, 9 * S)
        assert found is not None
        assert (found.loop_busy, found.lag_ms, found.looped) == expected


def test_of_several_loops_that_one_counts_which_requests_wait_for(tmp_path: Path) -> None:
    def of(pid: int, running: dict[str, str] | None, ready: int) -> dict[str, Any]:
        groups = [{"of": "request", "kind": "ready", "count": ready}, {"of": "request", **SLEEP, "count": 9}]
        return line(1, pid, loops=[{"lag_ms": 3.0, "running": running}], groups=groups)

    held = {"at": "x (y.py:1)", "where": "embed (app.py:7)"}
    path = kept(tmp_path / "inside.jsonl", of(1, held, 9), of(2, None, 1), of(3, None, 0))
    found = summary(read_inside(path), 0, 9 * S)
    assert found is not None
    assert (found.loop_busy, found.loop_mean) == (pytest.approx(0.9), pytest.approx(1 / 3))


@pytest.mark.parametrize("turns", [(0.2, None, 40.0), (None, None), ()])
def test_how_long_looks_waited_for_the_interpreter(tmp_path: Path, turns: tuple[float | None, ...]) -> None:
    lines = [line(at, turn_ms=ms) for at, ms in enumerate(turns)] or [line(1)]  # an older collector's
    found = summary(read_inside(kept(tmp_path / "i", *lines)), 0, 9 * S)
    assert found is not None
    assert [one.turns_ms for one in found.each] == [tuple(ms for ms in turns if ms is not None)]


@pytest.mark.parametrize(("changes", "of", "total", "waits"), [
    # None is known: all tasks of the app.
    ({"server": 0, "groups": [{"of": "task", **SLEEP, "count": 1}]}, "task", 1.0, ((Place(**SLEEP), 1.0),)),
    ({"groups": []}, "request", 0.0, ()),  # nobody asks it
])  # fmt: skip
def test_without_a_request_of_a_server(
    tmp_path: Path, changes: dict[str, Any], of: str, total: float, waits: Any
) -> None:
    found = summary(read_inside(kept(tmp_path / "i", line(1, requests=0, **changes))), 0, 9 * S)
    assert found is not None
    assert (found.of, found.total, found.waits) == (of, total, waits)


def test_a_place_without_a_line_of_the_app_and_a_loop_in_a_library(tmp_path: Path) -> None:
    groups = [{"of": "request", "kind": "running", "count": 1}]
    loops = [{"lag_ms": 0.0, "running": {"at": "dumps (json/__init__.py:1)", "where": ""}}]
    found = summary(read_inside(kept(tmp_path / "i", line(1, groups=groups, loops=loops))), 0, 9 * S)
    assert found is not None
    assert found.waits == ((Place(kind="running"), 1.0),)
    assert found.running == ((Work(where="dumps (json/__init__.py:1)", at="dumps"), 1.0),)


@pytest.mark.parametrize("bad", [b"{}\n", b"[]\n", b"nothing\n", b'{"at_ns": "x"}\n'])
def test_what_is_no_sample_is_left_out_and_counted(tmp_path: Path, bad: bytes) -> None:
    path = kept(tmp_path / "inside.jsonl", line(1), end=bad)
    assert (len(read_inside(path)), unreadable(path)) == (1, 1)
    assert summary(read_inside(path), 2 * S, 9 * S) is None


@pytest.mark.parametrize("cannot_be", [
    {"groups": [{"of": "request", **SEMAPHORE, "count": 41}]}, {"requests": -1}, {"others": 1e29},
    {"executors": [{"name": "asyncio", "max": 1e29, "threads": 6, "busy": 6, "queued": 10}]},
    {"gc": {"collections": 2, "ms": 1177, "longest_ms": 0.8}},  # a lost point
    {"gc": {"collections": 1, "ms": 4001.0, "longest_ms": 4001.0}},  # more than was between all others
])  # fmt: skip
def test_what_cannot_be_is_left_out_like_a_line_that_cannot_be_read(
    tmp_path: Path, cannot_be: dict[str, Any]
) -> None:
    path = kept(tmp_path / "inside.jsonl", line(1), line(2, **cannot_be), line(3))
    assert ([one.at_ns for one in read_inside(path)], unreadable(path)) == ([S, 3 * S], 1)


def test_as_many_threads_as_there_is_a_number_for_are_no_bound_and_a_pause_may_end_after_its_sample(
    tmp_path: Path,
) -> None:
    endless = [{"name": "asyncio", "max": (1 << 63) - 1, "threads": 6, "busy": 6, "queued": 0}]
    gc = {"collections": 1, "ms": 1900.0, "longest_ms": 1900.0}
    path = kept(tmp_path / "inside.jsonl", line(1, executors=endless), line(2, gc=gc), line(3))
    samples = read_inside(path)
    assert (len(samples), samples[0].executors[0].most, unreadable(path)) == (3, None, 0)


def test_the_pythons_are_those_that_serve_each_once(tmp_path: Path) -> None:
    idle = {"requests": 0, "server": 0, "groups": [], "python": "3.12.0 (main)"}
    lines = [line(10, python="3.11.2 (main)"), line(11, python="3.11.2 (main)"), line(10, pid=2, **idle)]
    seen = summary(read_inside(kept(tmp_path / "inside.jsonl", *lines)), 0, 20 * S)
    assert seen is not None
    assert seen.pythons == ("3.11.2 (main)",)
    older = summary(read_inside(kept(tmp_path / "older.jsonl", line(10))), 0, 20 * S)
    assert older is not None
    assert older.pythons == ()


def _clocks(cpu_s: float, wait_s: float = 0.0) -> list[dict[str, Any]]:
    times = {"cpu_ns": round(cpu_s * S), "cpu_wait_ns": round(wait_s * S)}
    return [{"lag_ms": 1.0, "running": None, **times}]


@pytest.mark.parametrize(("lines", "on_cpu", "delay"), [
    ([line(10, loops=_clocks(7, 1)), line(20, loops=_clocks(10, 3))], 0.3, 0.2),
    # of two that serve the one that more requests wait for counts more
    ([line(at, pid=pid, loops=_clocks(at * cpu), groups=[{"of": "request", "kind": "ready", "count": ready}])
      for pid, cpu, ready in ((1, 0.9, 30), (2, 0.1, 10)) for at in (10, 20)], 0.7, 0.0),
    # another process's work is not the loop's
    ([line(at, pid=pid, loops=_clocks(at * cpu), **of) for pid, cpu, of in (
        (1, 0.1, {}), (2, 1.0, {"requests": 0, "server": 0, "groups": []})) for at in (10, 20)], 0.1, 0.0),
    ([line(10, loops=_clocks(7))], None, None),
    ([line(at) for at in (10, 20)], None, None),  # an older collector's
    ([line(at, loops=_clocks(at) * 2) for at in (10, 20)], None, None),  # which loop's?
    ([line(10, loops=_clocks(7)), line(20, loops=_clocks(1))], None, None),  # another thread
])  # fmt: skip
def test_how_long_the_loop_s_thread_was_on_a_cpu(
    tmp_path: Path, lines: list[dict[str, Any]], on_cpu: float | None, delay: float | None
) -> None:
    seen = summary(read_inside(kept(tmp_path / "inside.jsonl", *lines)), 0, 30 * S)
    assert seen is not None
    found = (seen.loop_on_cpu, seen.loop_delay)
    assert found == ((None, None) if on_cpu is None else pytest.approx((on_cpu, delay)))
