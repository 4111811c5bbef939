"""What of the evidence cannot be read is left out, and counted."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from records.cells import layout
from records.cells.spans import Gathered
from records.evidence.inside import sampled_at_ns
from records.evidence.unreadable import EVIDENCE
from reported import analysed, words
from reports.as_json.results import results_json
from sweep.running.inside import copy_between

TORN = b'{"at_ns": 18\n[]\n{"at_ns": "x", "received_at_ns": "x"}\n'


def run_of(made: Any, folder: Path) -> Path:
    return Path(made.run(folder / "run", [made.spec()]))


def codes(analysis: Any) -> dict[str, Any]:
    notes = [note for note in results_json(analysis)["notes"] if note["code"] == "unreadable"]
    return {note["file"]: note["lines"] for note in notes}


NO_EVIDENCE = {layout.RUN, layout.CELL, layout.REQUESTS, layout.SPEC, layout.PROCESSES, layout.RESULTS}
FIRST = {layout.SPANS: Gathered(answers=1, spanned=1, staged=1, impossible=0, others=0, full=False).line()}
"""Lines without which all others are of no use."""


def test_every_file_of_a_cell_is_evidence_that_may_be_unreadable() -> None:
    named = {
        name for name in vars(layout).values() if isinstance(name, str) and name.endswith(("json", "jsonl"))
    }
    assert named - NO_EVIDENCE - {layout.SEARCH} == set(
        EVIDENCE
    )  # a search says in its own place what is wrong


@pytest.mark.parametrize("file", EVIDENCE)
def test_what_cannot_be_read_is_counted_and_the_rest_is_reported(
    made: Any, tmp_path: Path, file: str
) -> None:
    run = run_of(made, tmp_path)
    (run / f"cells/local/baseline/c10-r1/{file}").write_bytes(FIRST.get(file, b"") + TORN)
    analysis = analysed(run)
    lines = 3 if file.endswith("jsonl") else None
    assert codes(analysis) == {file: lines}
    said = f"3 lines of {file}" if lines else f"files of {file}"
    assert f"{said} (local/baseline/c10-r1) could not be read and are left out." in words(analysis)


@pytest.mark.parametrize("file", [*EVIDENCE, layout.SEARCH])
def test_a_pipe_in_its_place_keeps_nobody_waiting(made: Any, tmp_path: Path, file: str) -> None:
    run = run_of(made, tmp_path)
    os.mkfifo(run / f"cells/local/baseline/c10-r1/{file}")
    shown = words(analysed(run))
    assert file in shown or file in (
        layout.SEARCH,
        layout.LLM,
    )  # no search was made; the run's record is taken


def test_all_files_are_one_caution_and_one_that_cannot_be_opened_is_said(made: Any, tmp_path: Path) -> None:
    run = run_of(made, tmp_path)
    (run / "llm.jsonl").write_bytes(b"nonsense\n")  # the run's, of all cells
    (run / "cells/local/baseline/c10-r1/dial.jsonl").mkdir()
    analysis = analysed(run)
    assert codes(analysis) == {"llm.jsonl": 1, "dial.jsonl": None}
    assert "1 line of llm.jsonl (local/baseline/c10-r1) and files of dial.jsonl (" in words(analysis)


def test_a_damaged_line_goes_into_the_cell_with_the_one_before_it(tmp_path: Path) -> None:
    lines = [b'{"at_ns": 5}\n', b"torn\n", b'{"at_ns": 9}\n', b"torn, too\n"]
    (tmp_path / "1.jsonl").write_bytes(b"".join(lines))
    copy_between(tmp_path, 4, 6, tmp_path / "cell", sampled_at_ns)
    assert (tmp_path / "cell").read_bytes() == b"".join(lines[:2])
