"""What became of a file since it was written, copied, joined, sorted, changes nothing of what it says."""

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.cells import layout
from records.cells.spans import Gathered, bad_spans, read_gathered, read_traces, stages_of
from records.evidence import dial, inside, probes, samples, scraped, stacks
from records.evidence.expected import unseen_seconds
from records.evidence.machine import machine_over
from records.evidence.unreadable import unreadable

S = 10**9
Line = dict[str, Any]


def inside_line(at: int, pid: int, requests: int, gc_ms: float = 0.0) -> Line:
    return {
        "at_ns": at, "pid": pid, "loops": [{"lag_ms": 1.0, "running": None}], "requests": requests,
        "others": 0, "server": 2, "groups": [], "executors": [], "threads": {"count": 1, "groups": []},
        "gc": {"collections": 1, "ms": gc_ms, "longest_ms": gc_ms}, "errors": 0, "took_us": 5,
    }  # fmt: skip


def sample(at: int, began: int = 0, **system: Any) -> Line:
    elapsed_s = (at - began) / S
    return {"at_ns": at, "elapsed_seconds": elapsed_s, "profiler": {"missed_ticks": 0}, "system": system}


def probe(at: int, kind: str) -> Line:
    return {
        "kind": kind, "due_at_ns": at, "sent_at_ns": at, "ended_at_ns": at + 5, "connect_ms": 0.1,
        "first_byte_ms": None, "outcome": "ok", "interval_ms": 100.0,
    }  # fmt: skip


def window(start: int, stage: str, runs: int) -> Line:
    ran = {"runs": runs, "own_ns": 5, "wanted_ns": 1, "made_ns": 1}
    return {"start_ns": start, "end_ns": start + S, "stage": stage, "percent": 40, "stages": {"embed": ran}}


def span(trace: str, operation: str, start: int, end: int) -> Line:
    return {"trace_id": trace, "operation": operation, "start_ns": start, "end_ns": end}


GATHERED = Gathered(answers=2, spanned=2, staged=2, impossible=0, others=0, full=False)
LINES: Mapping[str, list[Line]] = {
    layout.INSIDE: [
        *(inside_line(at * S, 1, requests=at, gc_ms=0.5 * at) for at in range(1, 5)),
        *(inside_line(at * S, 2, requests=1) for at in range(1, 5)),
        inside_line(5 * S, 1, requests=1, gc_ms=4500.0),  # longer than there was time
    ],
    layout.SAMPLES: [
        *(sample(at * S, cpu_count=4, cpu_busy_seconds=2.0 * at) for at in range(1, 6)),
        # another one's, at the same time
        *(sample(at * S + 7, 3 * S // 10, cpu_count=64, cpu_busy_seconds=30.0 * at) for at in range(2, 5)),
    ],
    layout.PROBES: [probe(at * S, kind) for at in range(1, 4) for kind in ("accept", "/health")],
    layout.SCRAPED: [
        {"at_ns": at * S, "source": source, "took_ms": 1.0, "series": {"a": float(at)}}
        for at in range(1, 4)
        for source in ("app", "llm")
    ],
    layout.STACKS: [
        {"at_ns": at * S, "pid": pid, "threads": [], "error": f"no {at}"}
        for at in (1, 2, 3)
        for pid in (1, 2)
    ],
    layout.DIAL: [window(at * S, "embed", runs) for at in (1, 2, 3) for runs in (4, 5)],  # two processes
    layout.SPANS: [
        orjson.loads(GATHERED.line()),
        span("a", "chat", 10, 90), span("a", "retrieval", 20, 40), span("a", "chat", 20, 60),
        span("b", "embeddings", 5, 8),
    ],
}  # fmt: skip


def read_samples(folder: Path) -> Any:
    return samples.samples_in(folder), machine_over(samples.samples_in(folder))


def read_spans(folder: Path) -> Any:
    path = folder / layout.SPANS
    stages = {trace: stages_of(spans, 80) for trace, spans in read_traces(path).items()}
    return read_gathered(path), stages, bad_spans(path)


READ: Mapping[str, Callable[[Path], Any]] = {
    layout.INSIDE: lambda folder: inside.read_inside(folder / layout.INSIDE),
    layout.SAMPLES: read_samples,
    layout.PROBES: lambda folder: probes.read(folder / layout.PROBES),
    layout.SCRAPED: scraped.scraped_in,
    layout.STACKS: lambda folder: stacks.read_stacks(folder / layout.STACKS),
    layout.DIAL: lambda folder: dial.read_windows(folder / layout.DIAL),
    layout.SPANS: read_spans,
}


def kept(folder: Path, name: str, lines: list[Line]) -> Path:
    path = folder / name
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return path


@pytest.mark.parametrize("name", READ)
@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_lines_in_another_order_and_twice_say_the_same(name: str, data: st.DataObject) -> None:
    lines = LINES[name]
    again = data.draw(st.lists(st.sampled_from(lines), max_size=5))
    shuffled = data.draw(st.permutations([*lines, *again]))
    with TemporaryDirectory() as made:
        folder = Path(made)
        path = kept(folder, name, lines)
        said, bad = READ[name](folder), unreadable(path)
        kept(folder, name, shuffled)
        assert (READ[name](folder), unreadable(path)) == (said, bad)
        if name == layout.INSIDE:
            assert (len(said), bad) == (len(lines) - 1, 1)
        elif name in (layout.PROBES, layout.SCRAPED):
            assert (len(said), unseen_seconds(folder, name, S, 3 * S)) == (len(lines), 0.0)


def test_one_process_is_looked_at_once_in_a_moment_by_whichever_line(tmp_path: Path) -> None:
    two = [inside_line(S, 1, requests=3), inside_line(S, 1, requests=4)]
    found = [inside.read_inside(kept(tmp_path, layout.INSIDE, lines)) for lines in (two, two[::-1])]
    assert found[0] == found[1]
    assert len(found[0]) == 1


def test_of_two_profilers_at_once_each_is_counted_from_its_own_begin(tmp_path: Path) -> None:
    kept(tmp_path, layout.SAMPLES, sorted(LINES[layout.SAMPLES], key=lambda line: line["at_ns"]))
    found = machine_over(samples.samples_in(tmp_path))
    assert found is not None
    assert (found.samples, found.machine_cpus, found.machine_cpu_cores) == (5, 4, 2.0)


def test_two_profilers_that_began_together_are_two(tmp_path: Path) -> None:
    lines = [
        sample((1 + turn) * S + after, after, cpu_count=cores) | {"profiler": {"missed_ticks": 0, "id": name}}
        for turn in range(4)
        for name, after, cores in (("b", 0, 4), ("a", 1_000_000, 64))
    ]
    found = samples.samples_in(kept(tmp_path, layout.SAMPLES, lines).parent)
    assert [one["profiler"]["id"] for one in found] == ["a"] * 4 + ["b"] * 4


def test_one_profiler_is_one_though_its_clock_is_set_back_on_its_way(tmp_path: Path) -> None:
    back = {turn: S // 5 if turn > 2 else 0 for turn in range(1, 7)}
    lines = [
        sample(turn * S - back[turn], -back[turn]) | {"profiler": {"missed_ticks": 0, "id": "a"}}
        for turn in back
    ]
    found = machine_over(samples.samples_in(kept(tmp_path, layout.SAMPLES, lines).parent))
    assert found is not None
    assert found.samples == 6


def test_how_long_nothing_is_seen_is_not_judged_by_lines_that_came_twice(tmp_path: Path) -> None:
    """A scrape each 4 s is late after 12 of them, not after 1.5."""
    lines = [LINES[layout.SCRAPED][0] | {"at_ns": at * S} for at in (0, 4, 8, 12, 20, 24)]
    for given_lines in (lines, [*lines, *lines]):
        kept(tmp_path, layout.SCRAPED, given_lines)
        assert unseen_seconds(tmp_path, layout.SCRAPED, 0, 24 * S) == 0.0


@pytest.mark.parametrize("phase_ms", range(0, 2000, 125))
def test_nor_by_how_many_lines_fell_into_a_short_time(tmp_path: Path, phase_ms: int) -> None:
    """A line each two seconds: of three seconds some have one of them."""
    first = LINES[layout.SCRAPED][0]
    lines = [first | {"at_ns": (100 + 2 * at) * S + phase_ms * S // 1000} for at in range(-3, 5)]
    kept(tmp_path, layout.SCRAPED, lines)
    assert unseen_seconds(tmp_path, layout.SCRAPED, 100 * S, 103 * S) == 0.0
    assert unseen_seconds(tmp_path, layout.SCRAPED, 120 * S, 123 * S) == 3.0
