"""What is said to queue in a service that tells no stages, and what is not."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from reported import analysed, head
from reports.blocks import blocks
from reports.document.document import Table


def queueing(made: Any, last_ms: float = 390.0, **more: Any) -> list[Any]:
    """Four answers at a time: past four users they wait."""
    levels = ((1, 10.0, 100.0), (4, 40.0, 100.0), (16, 41.0, last_ms))
    return [
        made.spec(concurrency=n, rps=rps, ttft_ms=ttft, late_s=50.0 * n, **more) for n, rps, ttft in levels
    ]


def test_a_service_without_stage_times_is_said_to_queue_and_what_to_look_at(
    made: Any, of: Any, tmp_path: Path
) -> None:
    analysis = of(*queueing(made))
    said = r"local: from 4 to 16 users TTFT p50 grows from \d+ to \d+ ms and RPS does not: requests wait"
    assert re.search(said, head(analysis))
    assert "local gives no stage times" in head(analysis)
    assert "profile --port" in head(analysis)
    for cell in sorted((tmp_path / "run").glob("cells/*/*/*")):
        (cell / "profile.json").write_text('{"data_points": []}')
    profiled = head(analysed(tmp_path / "run"))
    assert "CPU under load (cells/local/baseline/c16-r1/profile.json) and its log" in profiled
    assert "Where the TTFT goes is not known" in [block.title for block in blocks(analysis)]


def test_a_stage_with_a_queue_is_named(made: Any, of: Any) -> None:
    timed = head(of(*queueing(made, stages={"llm": 9.0})))
    assert "stage times" not in timed
    assert "requests wait" not in timed
    queued = of(*(replace(one, stages={"search": 0.93 * one.ttft_ms - 10}) for one in queueing(made)))
    assert re.search(r"at 16 users requests wait in the queue of the stage search for 88.2", head(queued))
    shown = [row.cells for block in blocks(queued) if isinstance(block, Table) for row in block.rows]
    assert any("353 (q 88.2)" in cells for cells in shown)


def test_what_does_not_wait_is_not_said_to(made: Any, of: Any) -> None:
    assert "requests wait" not in head(of(*queueing(made, 100.0)))  # users idle
