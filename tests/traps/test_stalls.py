"""TRAPS 12, 26, 27: a generator that stands still at random, its records beside the server's own.

What is not flagged late may be off by 2 ms and 2 % of its value at the most; the server knows between which
two moments the kernel had each token, so that no machine's speed enters.
"""

import json
import os
import random
import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from loadgen.client.doubt import LATE_NS, LATE_SHARE
from loadgen.engine.clock import Clock
from records.cells.flags import LATE
from records.cells.measure import measured
from records.cells.reader import CellData, read_cell
from records.cells.request import RequestRecord

USERS, TOKENS, FIRST_S, GAP_S = 6, 20, 0.05, 0.004
CLOCKS_NS = 500_000
"""By how much the generator's clock and ours may differ: each was anchored to Unix time by itself."""
SECONDS = 4.0


@dataclass(kw_only=True)
class Truth:
    """Of each token: a moment before the kernel was handed it, and one after (Unix ns)."""

    before_ns: list[int] = field(default_factory=list)
    after_ns: list[int] = field(default_factory=list)


def served(trap: Callable[..., Any]) -> tuple[Any, dict[str, Truth]]:
    """A server of small tokens, and what it truly did, by question."""
    clock, truths = Clock(), dict[str, Truth]()

    def script(talk: Any) -> None:
        asked = re.search(rb"question (\d+)", talk.body)
        assert asked is not None
        truth = truths[f"q{int(asked[1])}"] = Truth()
        talk.headers()
        talk.event({"type": "documents", "data": [{"id": "a"}], "count": 1})
        time.sleep(FIRST_S)
        for _ in range(TOKENS):
            truth.before_ns.append(clock.unix(time.monotonic_ns()))
            talk.event({"type": "token", "content": "word "})
            truth.after_ns.append(clock.unix(time.monotonic_ns()))
            time.sleep(GAP_S)
        talk.event({"type": "complete", "final_answer": "x"}, {"type": "end"})
        talk.done()

    return trap(script), truths


def _questions(folder: Path) -> Path:
    """A file of so many that none is asked twice."""
    file = folder / "questions.jsonl"
    lines = [json.dumps({"id": f"q{n}", "question": f"question {n}"}) for n in range(20_000)]
    file.write_text("\n".join(lines))
    return file


def stalled_load(
    locust: Any, folder: Path, url: str, stalls: random.Random, longest_s: float, *words: str
) -> CellData:
    """A load whose process is stopped again and again, up to ``longest_s`` at a time."""
    name, asked = f"r{len(list(folder.iterdir()))}", ("--questions", str(_questions(folder)))
    load = ("-H", url, "--headless", "-u", str(USERS), "-t", f"{SECONDS:g}s")
    one = locust(*load, *asked, "--results", name, *words)
    until = time.monotonic() + SECONDS + 3
    while one.process.poll() is None and time.monotonic() < until:
        if (folder / name / "requests.jsonl").exists():
            os.kill(one.process.pid, signal.SIGSTOP)
            time.sleep(stalls.uniform(0, longest_s))
            os.kill(one.process.pid, signal.SIGCONT)
        time.sleep(stalls.uniform(0, 4 * longest_s))
    assert one.wait() in (0, 3), one.text
    return read_cell(folder / name)


def off_ns(record: RequestRecord, truth: Truth) -> list[tuple[int, int]]:
    """Of the first token, the last, and the gaps where all are kept: by how much each is off, at least, and
    what it is a part of."""
    first_ns, last_ns = record.first_token_at_ns, record.last_token_at_ns
    assert first_ns is not None
    assert last_ns is not None

    def outside(at_ns: int, token: int) -> int:
        return max(truth.before_ns[token] - at_ns, at_ns - truth.after_ns[token], 0)

    found = [(outside(first_ns, 0), first_ns - record.start_ns), (outside(last_ns, -1), last_ns - first_ns)]
    if len(record.gaps_us) == TOKENS - 1:
        for token, gap_us in enumerate(record.gaps_us):
            least = truth.before_ns[token + 1] - truth.after_ns[token]
            most = truth.after_ns[token + 1] - truth.before_ns[token]
            gap_ns = gap_us * 1000
            found.append((max(least - gap_ns, gap_ns - most, 0), gap_ns))
    return found


def too_far(off: int, of: int) -> bool:
    return off - CLOCKS_NS > max(LATE_NS, LATE_SHARE * of)


@settings(
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a load takes seconds: nothing to shrink
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**31), longest_s=st.sampled_from([0.01, 0.03, 0.15]))
@pytest.mark.timeout(180)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_is_not_flagged_is_dated_truly(
    trap: Any, locust: Any, certificates: Any, tmp_path: Path, scheme: str, seed: int, longest_s: float
) -> None:
    server, truths = served(trap)
    url, words = server.url, ()
    if scheme == "https":  # its own, without a relay between: the truth is when it sends
        server.tls = certificates.server()
        url, words = f"https://localhost:{server.port}", ("--ca", certificates.ca)
    data = stalled_load(locust, tmp_path, url, random.Random(seed), longest_s, *words)
    good = [r for r in data.requests if r.outcome == "ok"]
    assert len(good) >= USERS
    known = [(r.question, *off) for r in good if LATE not in r.flags for off in off_ns(r, truths[r.question])]
    assert not [one for one in known if too_far(*one[1:])]
    counted = [r for r in measured(data.requests, data.cell.window) if r.outcome == "ok"]
    assert data.cell.achieved["late"] == sum(LATE in r.flags for r in counted)


@pytest.mark.timeout(180)
def test_a_generator_that_is_stopped_for_a_fifth_of_the_time_is_invalid(
    trap: Any, locust: Any, tmp_path: Path
) -> None:
    server, truths = served(trap)

    class Fifth(random.Random):
        def uniform(self, a: float, b: float) -> float:
            return 0.2 if b == 0.2 else 0.8

    data = stalled_load(locust, tmp_path, server.url, Fifth(1), 0.2)
    lag = next(check for check in data.cell.verdict.checks if check.name == "generator-lag")
    assert lag.status == "fail"
    late = [r for r in data.requests if LATE in r.flags]
    # The trap is set: some of those would have been told wrong.
    assert any(too_far(off, of) for r in late for off, of in off_ns(r, truths[r.question]))


@pytest.mark.timeout(180)
def test_what_came_in_time_is_read_before_it_is_called_a_timeout(
    trap: Any, locust: Any, tmp_path: Path
) -> None:
    """A generator that stands still past a deadline finds the answer waiting: the service was not late."""
    server, truths = served(trap)
    one = locust(
        *("-H", server.url, "--headless", "-u", str(USERS), "-t", "6s"),
        *("--first-token-timeout", "0.5", "--results", "r", "--questions", str(_questions(tmp_path))),
    )
    stopped = 0
    while one.process.poll() is None and stopped < 4:
        time.sleep(0.4)
        if len(truths) > USERS:
            os.kill(one.process.pid, signal.SIGSTOP)
            time.sleep(0.7)  # longer than the deadline of all that is in flight
            os.kill(one.process.pid, signal.SIGCONT)
            stopped += 1
    assert one.wait() in (0, 3), one.text
    requests = read_cell(tmp_path / "r").requests
    assert stopped == 4
    assert len(requests) > USERS
    timeouts = [r for r in requests if r.outcome == "timeout"]  # whose first token the server sent too late
    assert all(truths[r.question].after_ns[0] - r.sent_at_ns >= 450_000_000 for r in timeouts)
