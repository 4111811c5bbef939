"""Probes are read as far as they go, and a stall counts for as long as it lasted."""

from dataclasses import asdict, replace
from pathlib import Path

import orjson
import pytest

from records.evidence.probe import Probe
from records.evidence.probes import idle, read, summarise
from records.evidence.unreadable import unreadable

MS = 1_000_000
QUICK = Probe(
    kind="/health", due_at_ns=0, sent_at_ns=0, ended_at_ns=2 * MS, connect_ms=1.0, first_byte_ms=2.0,
    outcome="ok", status=200, interval_ms=100.0,
)  # fmt: skip


def at(ms: int, **changes: object) -> Probe:
    due = {"due_at_ns": ms * MS, "sent_at_ns": ms * MS, "ended_at_ns": (ms + 2) * MS}
    return replace(QUICK, **{**due, **changes})  # type: ignore[arg-type]


def test_what_is_written_is_read_and_a_torn_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "probes.jsonl"
    assert read(path) == []
    line = orjson.dumps(asdict(QUICK)) + b"\n"
    later = orjson.dumps({**asdict(at(9)), "of a later version": 1}) + b"\n"
    path.write_bytes(line + later + line[:40])
    assert read(path) == [QUICK, at(9)]
    path.write_bytes(line + b'{"kind": 1}\n' + later)
    assert (read(path), unreadable(path)) == ([QUICK, at(9)], 1)


def test_those_due_behind_one_that_hung_count_with_what_they_would_have_waited() -> None:
    hung = at(100, ended_at_ns=1050 * MS, missed=9)
    found = summarise([at(0), hung, at(1100)])["/health"]
    assert (found.probes, found.missed, found.failed) == (3, 9, 0)
    # 950, 850, ... 50, and two of 2 ms
    assert found.max_ms == 950
    assert found.p50_ms == 400


def test_only_what_was_due_within_the_span_counts_whenever_it_began_to_hang() -> None:
    hung = at(100, ended_at_ns=1050 * MS, missed=9)
    found = summarise([hung, at(1100)], 500 * MS, 1100 * MS)["/health"]
    assert (found.probes, found.missed, found.max_ms) == (0, 6, 550)
    assert found.late_p95_ms is None
    assert summarise([hung], 2000 * MS) == {}


def test_failures_have_a_share_and_only_the_wait_that_they_had() -> None:
    refused = at(100, ended_at_ns=100 * MS, outcome="refused")
    silent = at(200, ended_at_ns=5200 * MS, outcome="timeout")
    found = summarise([at(0), refused, silent])["/health"]
    assert found.failed == pytest.approx(2 / 3)
    assert (found.max_ms, found.p50_ms) == (5000, 2501)
    assert found.outcomes == {"ok": 1, "refused": 1, "timeout": 1}
    assert summarise([refused])["/health"].p50_ms is None


def test_kinds_and_the_idle_ones_are_told_apart() -> None:
    before = at(0, idle=True, kind="accept")
    assert idle([before, QUICK]) == [before]
    assert set(summarise([before, QUICK])) == {"accept", "/health"}


def test_a_probing_process_that_was_late_itself_is_seen() -> None:
    found = summarise([at(0), at(100, sent_at_ns=140 * MS, skipped=3)])["/health"]
    assert found.skipped == 3
    assert found.late_p95_ms == pytest.approx(38)
