"""What is said to queue in a service that tells no stages, and what is not."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from reported import analysed, what_this_says
from reports.analysis.analysis import Analysis
from reports.blocks import blocks
from reports.document.document import Table


def head(analysis: Analysis) -> str:
    return " ".join(what_this_says(analysis))


def queueing(made: Any, **more: Any) -> list[Any]:
    """Four answers at a time: past four users they wait."""
    levels = ((1, 10.0, 100.0), (4, 40.0, 100.0), (16, 41.0, 390.0))
    return [
        made.spec(concurrency=n, rps=rps, ttft_ms=ttft, late_s=50.0 * n, **more) for n, rps, ttft in levels
    ]


def test_a_service_without_stage_times_is_said_to_queue_and_what_to_look_at(
    made: Any, tmp_path: Path
) -> None:
    analysis = analysed(made.run(tmp_path / "run", queueing(made)))
    assert re.search(
        r"local: from 4 to 16 users TTFT p50 grows from \d+ to \d+ ms and RPS does not: requests wait inside",
        head(analysis),
    )
    assert "local gives no stage times" in head(analysis)
    assert "profile --port" in head(analysis)
    for profile in sorted((tmp_path / "run").glob("cells/*/*/*")):
        (profile / "profile.json").write_text('{"data_points": []}')
    profiled = head(analysed(tmp_path / "run"))
    assert "CPU under load (cells/local/baseline/c16-r1/profile.json) and its log" in profiled
    assert "Where the TTFT goes is not known" in [block.title for block in blocks(analysis)]
    timed = analysed(made.run(tmp_path / "timed", queueing(made, stages={"llm": 9.0})))
    assert "stage times" not in head(timed)
    assert "requests wait" not in head(timed)
    specs = [replace(spec, stages={"search": 0.93 * spec.ttft_ms - 10}) for spec in queueing(made)]
    queued = analysed(made.run(tmp_path / "queued", specs))
    assert re.search(
        r"local/baseline: at 16 users requests wait in the queue of the stage search for 88.2 of the \d+ ms",
        head(queued),
    )
    shown = [row.cells for block in blocks(queued) if isinstance(block, Table) for row in block.rows]
    assert any("353 (q 88.2)" in cells for cells in shown)


def test_what_does_not_wait_is_not_said_to(made: Any, tmp_path: Path) -> None:
    levels = ((1, 10.0), (4, 40.0), (16, 41.0))
    specs = [made.spec(concurrency=n, rps=rps, late_s=50.0 * n) for n, rps in levels]  # users idle
    assert "requests wait" not in head(analysed(made.run(tmp_path / "run", specs)))
