"""What was seen inside a target, cut to a cell's time."""

import json
import os
from pathlib import Path

from records.evidence.inside import sampled_at_ns
from sweep.running.inside import copy_between


def test_a_cell_has_what_all_processes_told_in_its_time(tmp_path: Path) -> None:
    folder, to = tmp_path / "one.inside", tmp_path / "inside.jsonl"
    folder.mkdir()
    for pid, moments in ((1, (5, 10, 30, 41)), (2, (9, 20, 40))):
        lines = "".join(json.dumps({"at_ns": at, "pid": pid}) + "\n" for at in moments)
        (folder / f"{pid}.jsonl").write_text(f'{lines}{{"at_ns": 15')  # as a kill leaves it
    copy_between(folder, 10, 40, to, sampled_at_ns)
    assert [json.loads(line)["at_ns"] for line in to.read_text().splitlines()] == [10, 20, 30, 40]


def test_without_a_line_in_its_time_the_file_is_empty(tmp_path: Path) -> None:
    folder, to = tmp_path / "one.inside", tmp_path / "inside.jsonl"
    copy_between(folder, 0, 9, to, sampled_at_ns)  # no process had a loop, and nobody made the folder
    folder.mkdir()
    early = folder / "1.jsonl"
    early.write_text('{"at_ns": 5}\nnothing\n')
    copy_between(folder, 6, 9, to, sampled_at_ns)
    os.utime(early, ns=(4, 4))  # it was written to for the last time before
    copy_between(folder, 5, 9, to, sampled_at_ns)
    assert to.read_bytes() == b""
