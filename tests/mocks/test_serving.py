"""The record of a mock server whose disk is full."""

import os
from pathlib import Path

import pytest

from mocks.serving import Record, open_record


def test_a_record_that_a_full_disk_takes_no_more_is_told_once_and_keeps_nobody_from_an_answer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    record = Record(os.open("/dev/full", os.O_WRONLY))
    assert (record.code(0), record.code(130)) == (0, 130)
    for number in range(3):
        record.write({"request": number})
    said = capsys.readouterr().err
    assert said == "error: the record is incomplete from here on: No space left on device\n"
    assert (record.code(0), record.code(130)) == (1, 1)


def test_a_record_is_appended_to(tmp_path: Path) -> None:
    for number in range(2):
        open_record(tmp_path / "record.jsonl").write({"request": number})
    assert (tmp_path / "record.jsonl").read_text() == '{"request":0}\n{"request":1}\n'
