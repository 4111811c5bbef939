"""TRAPS 2, 6, 7, 9, 11, 13 and 15-17: locust as a user runs it, its records beside the server's own."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any

import pytest

from records.cell import Check
from records.measure import measured
from records.reader import CellData, read_cell
from records.request import RequestRecord

MS = 1_000_000
LATE_MS = 40.0
"""What a median may be late by on a machine that runs other tests too."""


def run(locust: Any, folder: Path, served: Any, *arguments: str, name: str = "r") -> CellData:
    """A headless run against a fault's server, to its end."""
    one = locust("-H", served.url, "--headless", "--results", name, *arguments)
    assert one.wait(60) in (0, 3), one.text
    assert "Traceback" not in one.text
    return read_cell(folder / name)


def p99(values: Sequence[float]) -> float:
    return sorted(values)[math.ceil(len(values) * 0.99) - 1]


def theirs_ms(truth: dict[str, Any]) -> float:
    return float(truth["first_token_at_ns"] - truth["received_at_ns"]) / MS


def ours_ms(requests: Sequence[RequestRecord]) -> list[float]:
    return [r.ttft_ms for r in requests if r.ttft_ms is not None]


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
    whole_ms = [(truth["ended_at_ns"] - truth["received_at_ns"]) / MS for truth in truths]
    for kind, true_ms in (("POST", whole_ms), ("TTFT", [theirs_ms(truth) for truth in truths])):
        assert rows[kind]["num_requests"] == len(truths)
        ours = rows[kind]["total_response_time"] / len(truths)
        assert ours == pytest.approx(fmean(true_ms), abs=LATE_MS)
    assert rows["POST"]["total_content_length"] == sum(r.bytes for r in data.requests) > 500 * len(truths)


def test_no_hidden_queue_each_user_has_its_request_in_flight(
    serve: Any, locust: Any, tmp_path: Path
) -> None:  # TRAPS 13, 14
    served = serve("healthy", ttft_ms=300, itl_ms=10)
    data = run(locust, tmp_path, served, "-u", "24", "-t", "3s")
    truths = served.truths(len(data.requests))
    assert len(truths) == len(data.requests)
    assert most_at_once(truths) == 24
    assert len({truth["connection"] for truth in truths}) == 24
    late_ms = median(ours_ms(data.requests)) - median(map(theirs_ms, truths))
    assert -1 <= late_ms < LATE_MS


def test_users_do_not_start_in_one_burst(serve: Any, locust: Any, tmp_path: Path) -> None:  # TRAPS 15
    served = serve("healthy", ttft_ms=100, tokens=2)
    data = run(locust, tmp_path, served, "-u", "20", "-r", "20", "-t", "2s")
    firsts: dict[int, int] = {}
    for truth in served.truths(len(data.requests)):
        firsts.setdefault(truth["connection"], truth["received_at_ns"])
    came = sorted(firsts.values())
    assert len(came) == 20
    assert came[-5] - came[4] > 50 * MS  # spread over 250 ms; all at once they would be here within a few
    assert {r.user for r in data.requests if "warmup" in r.flags} == set(range(20))
    window = data.cell.window
    assert window is not None
    assert all(r.sent_at_ns <= window.start_ns for r in data.requests if "warmup" in r.flags)


def test_streams_that_overlap_the_end_are_drained_and_counted_in_the_rate_only_if_they_end_inside(
    serve: Any, locust: Any, tmp_path: Path
) -> None:  # TRAPS 16
    served = serve("healthy", ttft_ms=500, itl_ms=50, tokens=5)
    data = run(locust, tmp_path, served, "-u", "6", "-t", "3s")
    truths, window = served.truths(len(data.requests)), data.cell.window
    assert window is not None
    assert len(truths) == len(data.requests)
    assert {truth["outcome"] for truth in truths} == {r.outcome for r in data.requests} == {"ok"}
    assert any(truth["ended_at_ns"] > window.end_ns for truth in truths)  # the trap is set
    inside = sum(window.start_ns < truth["ended_at_ns"] <= window.end_ns for truth in truths)
    rps = inside / window.seconds
    # An answer that ends within a millisecond of the window's edge may be on its other side for us.
    assert data.cell.achieved["rps"] == pytest.approx(rps, abs=6 / window.seconds)
    assert data.cell.achieved["aborted"] == 0


def test_streams_that_outlast_the_drain_are_cut_and_counted_as_that(
    serve: Any, locust: Any, tmp_path: Path
) -> None:  # TRAPS 16
    served = serve("stall", stall_s=float("inf"))
    data = run(locust, tmp_path, served, "-u", "5", "-t", "1s", "--drain-seconds", "0.3")
    truths = served.truths(5)
    assert [truth["outcome"] for truth in truths] == ["cancelled"] * 5
    assert [r.outcome for r in data.requests] == ["cut"] * 5
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
    assert theirs_ms(truths[0]) - 1 <= cold.ttft_ms < theirs_ms(truths[0]) + 500
    assert cold.ttft_ms > 1000
    assert all(ms < 1000 for ms in ours_ms(measured(data.requests, data.cell.window)))


RATE, STALL_S, STALL_AT_S = 40, 1.5, 2.0
STALLING = {"ttft_ms": 20, "itl_ms": 2, "tokens": 3, "stall_s": STALL_S, "stall_at_s": STALL_AT_S}


def slow(requests: Sequence[RequestRecord]) -> list[RequestRecord]:
    """Requests that a healthy server would not have made wait so."""
    return [r for r in requests if (r.ttft_ms or 0) > STALL_S * 500]


@pytest.mark.parametrize("arrival", ["constant", "poisson"])
def test_an_open_loop_sees_a_stall_in_full(
    serve: Any, locust: Any, tmp_path: Path, arrival: str
) -> None:  # TRAPS 11
    served = serve("stall-server", **STALLING)
    data = run(locust, tmp_path, served, "--arrival", arrival, "--rate", str(RATE), "-t", "6s")
    truths = served.truths(len(data.requests))
    assert len(truths) == len(data.requests)
    # The truth: what was due while the server stood still waited for its end.
    stall_ns = truths[0]["received_at_ns"] + int(STALL_AT_S * 1e9)
    end_ns = stall_ns + int(STALL_S * 1e9)
    due = [r for r in data.requests if r.due_at_ns and stall_ns <= r.due_at_ns < end_ns - 300 * MS]
    expected = RATE * (STALL_S - 0.3)
    # Of a Poisson process four standard deviations.
    assert abs(len(due) - expected) <= (2 if arrival == "constant" else 4 * math.sqrt(expected))
    for r in due:
        assert r.ttft_ms is not None
        assert r.ttft_ms >= (end_ns - (r.due_at_ns or 0)) / MS - 5
    assert median(r.ttft_ms - (end_ns - (r.due_at_ns or 0)) / MS for r in due if r.ttft_ms) < 250
    counted = measured(data.requests, data.cell.window)
    assert p99(ours_ms(counted)) > 0.8 * STALL_S * 1000
    late_ms = [(r.sent_at_ns - (r.due_at_ns or 0)) / MS for r in data.requests]
    assert min(late_ms) >= 0
    assert median(late_ms) < 20


def test_a_closed_loop_hides_the_same_stall(serve: Any, locust: Any, tmp_path: Path) -> None:  # TRAPS 11
    served = serve("stall-server", **STALLING)
    data = run(locust, tmp_path, served, "-u", "2", "-t", "6s")
    assert len(served.truths(len(data.requests))) == len(data.requests) > 200
    assert len(slow(data.requests)) <= 2  # one a user: all others were never asked
    assert p99(ours_ms(measured(data.requests, data.cell.window))) < STALL_S * 500


def test_a_compressed_service_is_no_valid_measurement(
    serve: Any, locust: Any, tmp_path: Path
) -> None:  # TRAPS 6
    served = serve("gzip")
    data = run(locust, tmp_path, served, "-u", "2", "-t", "2s")
    assert {r.outcome for r in data.requests} == {"stream_error"}
    assert check_of(data, "compressed").figure == len(data.requests)
    assert not data.cell.verdict.valid


@pytest.mark.parametrize("name", ["healthy", "bundled", "blocked-loop"])
def test_lumps_alone_are_not_called_a_proxy(serve: Any, locust: Any, tmp_path: Path, name: str) -> None:
    served = serve(name, tokens=24)  # TRAPS 7
    data = run(locust, tmp_path, served, "-u", "3", "-t", "3s")
    assert len(served.truths(len(data.requests))) == len(data.requests)
    assert check_of(data, "buffering").status != "fail"


def test_lumps_after_early_headers_are_said_aloud(serve: Any, locust: Any, tmp_path: Path) -> None:  # TRAPS 7
    served = serve("buffering", tokens=40)
    data = run(locust, tmp_path, served, "-u", "4", "-t", "3s")
    truths = served.truths(len(data.requests))
    late_ms = median(ours_ms(data.requests)) - median(map(theirs_ms, truths))
    assert -1 <= late_ms < LATE_MS
    buffering = check_of(data, "buffering")
    assert buffering.status == "n/a"
    assert "in lumps" in buffering.text


def test_a_service_whose_answers_fail_is_no_valid_measurement(
    serve: Any, locust: Any, tmp_path: Path
) -> None:  # TRAPS 9
    for name in ("cut", "truncated", "error-200"):
        served = serve(name)
        data = run(locust, tmp_path, served, "-u", "2", "-t", "1s", name=name)
        truths = served.truths(len(data.requests))
        assert {r.outcome for r in data.requests} == {truth["outcome"] for truth in truths}
        assert check_of(data, "failures").status == "fail"
