"""Stacks from outside: what they come to, and what findings say of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from records.cells import layout
from records.evidence.stacks import read_stacks, summary
from reported import analysed
from reports.findings.catalogue import diagnosis
from reports.notes.cautions import cautions

START = 1_800_000_000_000_000_000
HELD = {"of": "loop", "name": "", "state": "waits", "gil": False, "at": "look_up (mine.py:6)"}
IDLE = {**HELD, "state": "idle", "at": ""}
BUSY = {"of": "executor", "name": "mine", "state": "cpu", "gil": True, "at": "work (mine.py:9)"}


def lines(*samples: dict[str, Any]) -> bytes:
    return b"".join(
        orjson.dumps({"at_ns": START + i * 100_000_000, "pid": 1, **one}) + b"\n"
        for i, one in enumerate(samples, 1)
    )


def test_samples_come_to_shares(tmp_path: Path) -> None:
    path = tmp_path / "stacks.jsonl"
    samples = [{"threads": [HELD, BUSY]}, {"threads": [IDLE, BUSY]}, {"error": "once"}, {"threads": [HELD]}]
    path.write_bytes(lines(*samples) + b'{"at')
    found = summary(read_stacks(path), START, START + 300_000_000)
    assert found is not None
    assert (found.samples, found.loops, found.held, found.on_cpu) == (2, 2, 0.5, 0.0)
    assert found.places == {"look_up (mine.py:6)": 0.5}
    assert (found.executors, found.busy, found.error) == (1.0, 1.0, "once")
    assert found.holders == {"work (mine.py:9)": 1.0}
    assert summary(read_stacks(path), 0, 1) is None


@pytest.fixture
def of_run(made: Any, tmp_path: Path) -> Callable[..., Any]:
    """A service that does not scale and whose cheap path is late, which nobody could look into."""

    def run(*samples: dict[str, Any]) -> Any:
        specs = [made.spec(concurrency=n, rps=rps) for n, rps in ((1, 10.0), (20, 12.0))]
        made.run(tmp_path / "run", specs)
        for spec, late_ms in zip(specs, (2.0, 300.0), strict=True):
            folder = tmp_path / "run" / layout.CELLS / spec.name
            known = {"kind": "/health", "connect_ms": 0.2, "outcome": "ok", "interval_ms": 100.0}
            for idle, ms in ((True, 2.0), (False, late_ms)):
                at = START + (-1 if idle else 1) * 1_000_000_000
                times = {"due_at_ns": at, "sent_at_ns": at, "ended_at_ns": at + round(ms * 1e6)}
                with (folder / layout.PROBES).open("ab") as file:
                    probe = {**known, **times, "first_byte_ms": ms, "idle": idle}
                    file.write(orjson.dumps(probe) + b"\n")
            (folder / layout.STACKS).write_bytes(lines(*samples))
        return analysed(tmp_path / "run")

    return run


@pytest.mark.parametrize(
    ("samples", "where"), [((HELD,) * 3 + (IDLE,), HELD["at"]), ((HELD,) * 2, ""), ((IDLE,) * 4, "")]
)
def test_the_line_that_holds_the_loop_is_named(
    of_run: Callable[..., Any], samples: tuple[dict[str, Any], ...], where: str
) -> None:
    [finding] = [
        f for f in diagnosis(of_run(*({"threads": [one]} for one in samples))) if f.binds == "throughput"
    ]
    assert (finding.code, finding.where) == ("event-loop-blocked", where)
    assert ("stacks taken from outside" in [one.figure for one in finding.evidence]) == (len(samples) > 2)


def test_it_is_said_where_none_could_be_taken(of_run: Callable[..., Any]) -> None:
    [text] = [
        one.sentences[0] for one in cautions(of_run({"error": "not permitted"})) if "stacks" in one.brief
    ]
    assert "not permitted" in text
