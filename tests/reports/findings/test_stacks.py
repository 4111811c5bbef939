"""Stacks from outside: what they come to, and what findings say of them."""

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
    ats = ({"at_ns": START + i * 100_000_000, "pid": 1} for i in range(1, 99))
    return b"".join(orjson.dumps({**at, **one}) + b"\n" for at, one in zip(ats, samples, strict=False))


def test_samples_come_to_shares(tmp_path: Path) -> None:
    path = tmp_path / "stacks.jsonl"
    samples = [{"threads": [HELD, BUSY]}, {"threads": [IDLE, BUSY]}, {"error": "once"}, {"threads": [HELD]}]
    path.write_bytes(lines(*samples) + b'{"at')
    found = summary(read_stacks(path), START, START + 300_000_000)
    assert (found.samples, found.loops, found.held, found.on_cpu) == (2, 2, 0.5, 0.0)
    assert (found.executors, found.busy, found.error) == (1.0, 1.0, "once")
    assert (found.places, found.holders) == ({"look_up (mine.py:6)": 0.5}, {"work (mine.py:9)": 1.0})
    assert summary(read_stacks(path), 0, 1) is None


@pytest.fixture
def of_run(made: Any, seen: Any, tmp_path: Path) -> Any:
    """A service that does not scale and whose cheap path is late, which nobody could look into."""

    def probe(second: int, ms: float) -> bytes:
        at, known = START + second * 10**9, {"kind": "/health", "connect_ms": 0.2, "outcome": "ok"}
        times = {"due_at_ns": at, "sent_at_ns": at, "ended_at_ns": at + round(ms * 1e6)}
        more = {"interval_ms": 100.0, "first_byte_ms": ms, "idle": second < 0}
        return orjson.dumps({**known, **times, **more}) + b"\n"

    def run(*samples: dict[str, Any], **machine: float) -> Any:
        loads = ((1, 10.0, 2.0), (20, 12.0, 300.0))
        made.run(tmp_path / "run", [made.spec(concurrency=n, rps=rps) for n, rps, _ in loads])
        for users, _, late_ms in loads:
            folder = tmp_path / "run" / layout.CELLS / made.spec(concurrency=users).name
            (folder / layout.PROBES).write_bytes(probe(-1, 2.0) + probe(1, late_ms))
            (folder / layout.STACKS).write_bytes(lines(*samples))
            (folder / layout.SAMPLES).write_bytes(seen(users=users, rps=1, **machine).profile())
        return analysed(tmp_path / "run")

    return run


@pytest.mark.parametrize(
    ("samples", "where"), [((HELD,) * 3 + (IDLE,), HELD["at"]), ((HELD,) * 2, ""), ((IDLE,) * 4, "")]
)
def test_the_line_that_holds_the_loop_is_named(of_run: Any, samples: Any, where: str) -> None:
    found = diagnosis(of_run(*({"threads": [one]} for one in samples)))
    [finding] = [one for one in found if one.binds == "throughput"]
    assert (finding.code, finding.where) == ("event-loop-blocked", where)
    assert ("stacks taken from outside" in [one.figure for one in finding.evidence]) == (len(samples) > 2)


def test_a_loop_that_has_no_cpu_is_not_said_to_be_held(of_run: Any) -> None:
    codes = [one.code for one in diagnosis(of_run(main_cpu=0.45, main_delay=0.5, run_delay=0.5))]
    assert "event-loop-blocked" not in codes
    assert codes[0] == "noisy-neighbour"


def test_it_is_said_where_none_could_be_taken(of_run: Any) -> None:
    found = cautions(of_run({"error": "not permitted"}))
    assert ["not permitted" in one.sentences[0] for one in found if "stacks" in one.brief] == [True]
