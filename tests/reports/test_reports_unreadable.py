"""What of the evidence cannot be read is left out, and counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

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


@pytest.mark.parametrize("file", EVIDENCE)
def test_lines_that_cannot_be_read_are_counted(made: Any, tmp_path: Path, file: str) -> None:
    run = run_of(made, tmp_path)
    (run / f"cells/local/baseline/c10-r1/{file}").write_bytes(TORN)
    analysis = analysed(run)
    assert codes(analysis) == {file: 3}
    assert f"3 lines of {file} (local/baseline/c10-r1) could not be read and are left out." in words(analysis)


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
