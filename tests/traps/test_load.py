"""TRAPS 2, 6, 7, 9, 11, 13 and 15-17: locust as a user runs it, its records beside the server's own."""

import json
import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median
from typing import Any

import pytest

from records.cells.cell import Check
from records.cells.measure import measured
from records.cells.reader import CellData, read_cell
from records.cells.request import RequestRecord

MS = 1_000_000
LATE_MS = 250.0
"""What an answer in time is late by at most, on a machine three times slower that has other work; the traps
are set wider than that."""


OVER_TLS = pytest.mark.parametrize("over", ["https"], indirect=True)
"""Over HTTP run all the others."""


def run(
    locust: Any, folder: Path, served: Any, *arguments: str, name: str = "r", over: Any = None
) -> CellData:
    """A headless run against a fault's server, to its end; ``over`` TLS, where a test says so."""
    reached = ("-H", over.url(served.url), *over.words) if over else ("-H", served.url)
    one = locust(*reached, "--headless", "--results", name, *arguments)
    assert one.wait() in (0, 3), one.text
    assert "Traceback" not in one.text
    return read_cell(folder / name)


def p99(values: Sequence[float]) -> float:
    return sorted(values)[math.ceil(len(values) * 0.99) - 1]


def theirs_ms(truth: dict[str, Any]) -> float:
    return float(truth["first_token_at_ns"] - truth["received_at_ns"]) / MS


def ours_ms(requests: Sequence[RequestRecord]) -> list[float]:
    return [r.ttft_ms for r in requests if r.ttft_ms is not None]


def late_ms(requests: Sequence[RequestRecord], truths: Sequence[dict[str, Any]]) -> float:
    """How late a first token is dated: each at or after it was sent, so the nth of ours after theirs. Of the
    differences the lower quartile's, for other work makes some of them late, and none early."""
    late = sorted(
        a - b for a, b in zip(sorted(ours_ms(requests)), sorted(map(theirs_ms, truths)), strict=True)
    )
    assert late[0] >= -1
    return late[len(late) // 4]


def most_at_once(truths: Sequence[dict[str, Any]]) -> int:
    """The most requests that the server had at one time."""
    changes = [(t["received_at_ns"], 1) for t in truths] + [(t["closed_at_ns"], -1) for t in truths]
    now = most = 0
    for _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most


def check_of(data: CellData, name: str) -> Check:
    return next(check for check in data.cell.verdict.checks if check.name == name)


def test_locusts_own_table_has_whole_streams(serve: Any, locust: Any, tmp_path: Path) -> None:  # TRAPS 2
    served = serve("healthy", ttft_ms=100, itl_ms=50)
    data = run(locust, tmp_path, served, "-u", "2", "-t", "2s", "--json-file", "own")
    truths = served.truths(len(data.requests))
    rows = {row["method"]: row for row in json.loads((tmp_path / "own.json").read_text())}
    true_ms = {
        "POST": [(truth["ended_at_ns"] - truth["received_at_ns"]) / MS for truth in truths],
        "TTFT": [theirs_ms(truth) for truth in truths],
    }
    recorded_ms = {"POST": [r.e2e_ms or 0 for r in data.requests], "TTFT": ours_ms(data.requests)}
    for kind, true in true_ms.items():
        assert rows[kind]["num_requests"] == len(truths)
        ours = rows[kind]["total_response_time"] / len(truths)
        assert fmean(true) - 1 <= ours == pytest.approx(fmean(recorded_ms[kind]), abs=1)
    assert rows["POST"]["total_content_length"] == sum(r.bytes for r in data.requests) > 500 * len(truths)


def test_no_hidden_queue_each_user_has_its_request_in_flight(
    serve: Any, locust: Any, tmp_path: Path
) -> None:  # TRAPS 13, 14
    served = serve("healthy", ttft_ms=600, itl_ms=100)
    data = run(locust, tmp_path, served, "-u", "24", "-t", "4s")
    truths = served.truths(len(data.requests))
    assert len(truths) == len(data.requests)
    assert most_at_once(truths) == 24
    assert len({truth["connection"] for truth in truths}) == 24
    assert late_ms(data.requests, truths) < LATE_MS


def test_users_do_not_start_in_one_burst(serve: Any, locust: Any, tmp_path: Path) -> None:  # TRAPS 15
    """Spread over 250 ms; but a generator that gets no CPU for so long finds all of them due at once, and one
    that gets little has users who begin when others have ended the warm-up."""
    served, tries, seen = serve("healthy", ttft_ms=100, tokens=2), [], 0
    for name in ("first", "second", "third"):
        data = run(locust, tmp_path, served, "-u", "20", "-r", "20", "-t", "2s", name=name)
        firsts: dict[int, int] = {}
        before, seen = seen, seen + len(data.requests)
        for truth in served.truths(seen)[before:]:
            firsts.setdefault(truth["connection"], truth["received_at_ns"])
        came = sorted(firsts.values())
        assert len(came) == 20
        window = data.cell.window
        assert window is not None
        warming = [r for r in data.requests if "warmup" in r.flags]
        assert all(r.sent_at_ns <= window.start_ns for r in warming)
        tries.append((came[-5] - came[4], len({r.user for r in warming})))
        if tries[-1][0] > 50 * MS and tries[-1][1] == 20:  # all at once they would be here within a few
            return
    raise AssertionError(f"all came at once, or some after the warm-up: {tries}")


@OVER_TLS
def test_streams_that_overlap_the_end_are_drained_and_counted_in_the_rate_only_if_they_end_inside(
    serve: Any, locust: Any, over: Any, tmp_path: Path
) -> None:  # TRAPS 16
    served = serve("healthy", ttft_ms=500, itl_ms=50, tokens=5)
    data = run(locust, tmp_path, served, "-u", "6", "-t", "4s", over=over)
    truths, window = served.truths(len(data.requests)), data.cell.window
    assert window is not None
    assert len(truths) == len(data.requests)
    assert {truth["outcome"] for truth in truths} == {r.outcome for r in data.requests} == {"ok"}
    assert any(truth["ended_at_ns"] > window.end_ns for truth in truths)  # the trap is set
    inside = sum(window.start_ns < truth["ended_at_ns"] <= window.end_ns for truth in truths)
    rps = inside / window.seconds
    # For us an answer ends a little later, maybe on the other side of an edge: one a user at each of them,
    # and what one edge adds the other takes.
    assert data.cell.achieved["rps"] == pytest.approx(rps, abs=6 / window.seconds)
    assert data.cell.achieved["aborted"] == 0


@OVER_TLS
def test_streams_that_outlast_the_drain_are_aborted_and_counted_as_that(
    serve: Any, locust: Any, over: Any, tmp_path: Path
) -> None:  # TRAPS 16
    served = serve("stall", stall_s=float("inf"))
    data = run(locust, tmp_path, served, "-u", "5", "-t", "2s", "--drain-seconds", "0.3", over=over)
    truths = served.truths(5)
    assert [truth["outcome"] for truth in truths] == ["cancelled"] * 5
    assert [r.outcome for r in data.requests] == ["aborted"] * 5
    assert data.cell.achieved["aborted"] == 5
    assert sorted(r.tokens for r in data.requests) == sorted(truth["tokens"] for truth in truths)
    assert not data.cell.verdict.valid


def test_the_cold_first_request_is_apart(serve: Any, locust: Any, tmp_path: Path) -> None:  # TRAPS 17
    served = serve("cold-first", stall_s=1)
    data = run(locust, tmp_path, served, "-u", "1", "-t", "3s")
    truths = served.truths(len(data.requests))
    (cold,) = [r for r in data.requests if "cold" in r.flags]
    assert "warmup" in cold.flags
    assert cold.ttft_ms is not None
    assert cold.ttft_ms >= theirs_ms(truths[0]) - 1 > 1000
    warm = measured(data.requests, data.cell.window)
    assert warm
    assert all(r.sent_at_ns >= cold.ended_at_ns for r in warm)
    assert median(ours_ms(warm)) < 1000


RATE, STALL_S, STALL_AT_S = 40, 1.5, 2.0
STALLING = {"ttft_ms": 20, "itl_ms": 2, "tokens": 3, "stall_s": STALL_S, "stall_at_s": STALL_AT_S}


def silence(truths: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """From when to when the server sent nothing for longest, by its own record."""
    sent = sorted(
        at
        for truth in truths
        for at in (truth["headers_at_ns"], *truth["token_events_at_ns"], truth["ended_at_ns"])
    )
    return max(pairwise(sent), key=lambda pair: pair[1] - pair[0])


@pytest.mark.parametrize("arrival", ["constant", "poisson"])
def test_an_open_loop_sees_a_stall_in_full(
    serve: Any, locust: Any, tmp_path: Path, arrival: str
) -> None:  # TRAPS 11
    served = serve("stall-server", **STALLING)
    data = run(locust, tmp_path, served, "--arrival", arrival, "--rate", str(RATE), "-t", "6s")
    truths = served.truths(len(data.requests))
    assert len(truths) == len(data.requests)
    # The truth: what was due while the server stood still waited for its end.
    stall_ns, end_ns = silence(truths)
    assert end_ns - stall_ns > 0.8 * STALL_S * 1e9  # the trap is set
    last_ns = end_ns - 300 * MS
    due = [r for r in data.requests if r.due_at_ns and stall_ns + MS <= r.due_at_ns < last_ns]
    expected = RATE * (last_ns - stall_ns) / 1e9
    # Of a Poisson process four standard deviations.
    assert abs(len(due) - expected) <= (2 if arrival == "constant" else 4 * math.sqrt(expected))
    waits_ms = [(end_ns - (r.due_at_ns or 0)) / MS for r in due]
    beyond_ms = [ttft - wait for ttft, wait in zip(ours_ms(due), waits_ms, strict=True)]
    assert min(beyond_ms) >= -1
    assert median(beyond_ms) < STALL_S * 500
    counted = measured(data.requests, data.cell.window)
    assert p99(ours_ms(counted)) > 0.8 * STALL_S * 1000
    assert min(r.sent_at_ns - (r.due_at_ns or 0) for r in data.requests) >= 0
    # What waits for an answer before it asks sends these when the stall is over, in the median half of it.
    assert median((r.sent_at_ns - (r.due_at_ns or 0)) / MS for r in due) < STALL_S * 250


def test_a_closed_loop_hides_the_same_stall(serve: Any, locust: Any, tmp_path: Path) -> None:  # TRAPS 11
    served = serve("stall-server", **STALLING)
    enough = ("--requests", "300", "--min-seconds", "4.5", "-t", "60s")
    data = run(locust, tmp_path, served, "-u", "2", *enough)
    truths = served.truths(len(data.requests))
    assert len(truths) == len(data.requests) > 300
    stall_ns, end_ns = silence(truths)
    assert end_ns - stall_ns > 0.8 * STALL_S * 1e9  # the trap is set
    # One a user: all others were never asked.
    assert sum((r.ttft_ms or 0) > STALL_S * 500 for r in data.requests) <= 2
    assert p99(ours_ms(measured(data.requests, data.cell.window))) < STALL_S * 500


def test_lumps_after_early_headers_are_said_aloud(serve: Any, locust: Any, tmp_path: Path) -> None:  # TRAPS 7
    served = serve("buffering", tokens=40, itl_ms=20)
    data = run(locust, tmp_path, served, "-u", "8", "--requests", "30", "--min-seconds", "0", "-t", "60s")
    truths = served.truths(len(data.requests))
    assert late_ms(data.requests, truths) < LATE_MS
    buffering = check_of(data, "buffering")
    assert buffering.status == "n/a"
    with_gaps = sum(len(r.gaps_us) >= 7 for r in data.requests)
    # Of an answer that lay unread the gaps are not known; a machine that is busy may leave too few.
    assert "in lumps" in buffering.text or (with_gaps < 10 and "too few" in buffering.text)


@OVER_TLS
def test_a_service_whose_answers_fail_is_no_valid_measurement(
    serve: Any, locust: Any, over: Any, tmp_path: Path
) -> None:  # TRAPS 9
    for name in ("cut", "truncated", "error-200"):
        served = serve(name)
        # Until so many have ended: of a load that gets no CPU for one in its time nothing is judged.
        enough = ("--requests", "5", "--min-seconds", "0", "-t", "60s")
        data = run(locust, tmp_path, served, "-u", "2", *enough, name=name, over=over)
        truths = served.truths(len(data.requests))
        assert {r.outcome for r in data.requests} == {truth["outcome"] for truth in truths}
        assert check_of(data, "failures").status == "fail"
