"""Files of a results directory are read in bounded memory, whatever is in them."""

import os
from pathlib import Path

import orjson
import pytest

from records import files
from records.errors import RecordError
from records.files import MOST_BYTES, bad_lines, good_lines, line_blocks, line_count, read_json, read_lines


def test_a_value_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    with path.open("wb") as file:
        file.write(b"{}")
        os.truncate(path, 300 * MOST_BYTES)  # a hole: it takes no room
    with pytest.raises(RecordError, match=r"run\.json has 19200 MB; of such a file up to 64 MB are read$"):
        read_json(path)


def test_a_caller_may_read_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path := tmp_path / "profile.json").write_bytes(b"[1,2,3,4,5]")
    assert read_json(path, 11) == [1, 2, 3, 4, 5]
    with pytest.raises(RecordError, match="up to 1e-05 MB"):
        read_json(path, 10)


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three, of which the second is longer than it may be."""
    monkeypatch.setattr(files, "MOST_BYTES", 10)
    (path := tmp_path / "lines.jsonl").write_bytes(b"[1]\n[" + b"1," * 20 + b"1]\n[3]\n")
    return path


def test_of_a_line_that_is_too_long_its_beginning_is_given_and_the_next_one_has_its_number(
    lines: Path,
) -> None:
    assert list(read_lines(lines)) == [(1, b"[1]\n"), (2, b"[1,1,1,1,1\n"), (3, b"[3]\n")]
    assert list(good_lines(lines, orjson.loads)) == [[1], [3]]
    assert (bad_lines(lines, orjson.loads), line_count(lines)) == (1, 3)


@pytest.mark.parametrize("size", [1, 3, 4, 5, 13, 14, 100])
def test_blocks_hold_the_same_lines_in_bounded_memory(lines: Path, size: int) -> None:
    blocks = list(line_blocks(lines, size))
    assert max(map(len, blocks)) <= size + 11 + 3
    found = b"".join(blocks).splitlines()
    assert (len(found), found[0], found[-1]) == (3, b"[1]", b"[3]")


def test_a_long_last_line_without_its_end_is_left_out(lines: Path) -> None:
    lines.write_bytes(b"[1]\n[" + b"1," * 20)
    assert [number for number, _ in read_lines(lines)] == [1]
    assert list(line_blocks(lines, 1)) == [b"[1]\n"]
