"""Stage times by spans in reports, and what is said where there are none."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from records.cells.spans import Gathered
from reported import analysed, rewritten
from reports.notes.cautions import cautions

ALL = {"answers": 100, "spanned": 100, "staged": 100, "impossible": 0, "others": 0, "full": False}


@pytest.mark.parametrize(("gathered", "said"), [
    ({}, ""),
    ({"impossible": 2}, "another clock"),
    ({"spanned": 0, "staged": 0, "others": 300}, "other traces"),
    ({"spanned": 0, "staged": 0, "others": 9}, "no span came"),
    ({"spanned": 9, "staged": 9, "full": True}, "too many"),
    ({"staged": 0}, "name no operation"),
    ({"spanned": 98, "staged": 98}, "2 of 100 answers of local/baseline at 10 users have no stage times"),
])  # fmt: skip
def test_spans_are_stage_times_and_it_is_said_why_there_are_none(
    made: Any, tmp_path: Path, gathered: dict[str, Any], said: str
) -> None:
    """A service without times of its own, and with spans of 40 ms each."""
    run, lines = made.run(tmp_path / "run", [made.spec()]), [Gathered(**{**ALL, **gathered}).line()]

    def change(raw: dict[str, Any], number: int) -> None:
        raw["trace_id"] = f"{number:032x}"
        times = {"start_ns": raw["sent_at_ns"] + 1_000_000, "end_ns": raw["sent_at_ns"] + 41_000_000}
        line = {"trace_id": raw["trace_id"], "operation": "retrieval", **times}
        lines.append(orjson.dumps(line) + b"\n")

    rewritten(run, change)
    (run / "cells" / made.spec().name / "spans.jsonl").write_bytes(b"".join(lines))
    analysis = analysed(run)
    texts = [one.sentences[0] for one in cautions(analysis) if "stage times" in one.brief]
    assert [said in text for text in texts] == ([True] if said else [])
    if "another clock" in said:
        assert not analysis.latency_breakdowns
    else:
        [breakdown] = analysis.latency_breakdowns
        assert breakdown.stages_ms == {"retrieval": pytest.approx(40.0)}
