"""Stage times by spans in reports, and what is said where there are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from records.cells.request import decode
from records.cells.spans import Gathered
from reported import analysed
from reports.notes.cautions import cautions

ALL = Gathered(answers=100, spanned=100, staged=100, impossible=0, others=0, full=False)


def spanned(made: Any, run: Path, gathered: Gathered) -> Any:
    """A service without times of its own, and with spans of 40 ms each."""
    spec = made.spec(rps=20.0)
    made.run(run, [spec])
    cell, lines = run / "cells" / spec.name, []
    requests = [decode(line) for line in (cell / "requests.jsonl").read_bytes().splitlines()]
    with (cell / "requests.jsonl").open("wb") as file:
        for number, r in enumerate(requests):
            r.trace_id = f"{number:032x}"
            file.write(r.encode())
            times = {"start_ns": r.sent_at_ns + 1_000_000, "end_ns": r.sent_at_ns + 41_000_000}
            lines.append(orjson.dumps({"trace_id": r.trace_id, "operation": "retrieval", **times}) + b"\n")
    (cell / "spans.jsonl").write_bytes(gathered.line() + b"".join(lines))
    return analysed(run)


def test_spans_are_stage_times(made: Any, tmp_path: Path) -> None:
    analysis = spanned(made, tmp_path / "run", ALL)
    [breakdown] = analysis.latency_breakdowns
    assert breakdown.stages_ms == {"retrieval": pytest.approx(40.0)}
    assert not any("stage times" in one.brief for one in cautions(analysis))


@pytest.mark.parametrize(
    ("gathered", "said"),
    [
        ({"impossible": 2}, "another clock"),
        ({"spanned": 0, "staged": 0, "others": 300}, "other traces"),
        ({"spanned": 0, "staged": 0, "others": 9}, "no span came"),
        ({"spanned": 9, "staged": 9, "full": True}, "too many"),
        ({"staged": 0}, "name no operation"),
        ({"spanned": 98, "staged": 98}, "2 of 100 answers of local/baseline at 10 users have no stage times"),
    ],
)
def test_it_is_said_why_there_are_none(
    made: Any, tmp_path: Path, gathered: dict[str, Any], said: str
) -> None:
    analysis = spanned(made, tmp_path / "run", Gathered(**{**vars(ALL), **gathered}))
    [text] = [one.sentences[0] for one in cautions(analysis) if "stage times" in one.brief]
    assert said in text
    assert ("another clock" in said) == (not analysis.latency_breakdowns)
