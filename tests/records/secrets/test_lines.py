"""Lines of JSON that an app wrote, as they are kept."""

import os
from pathlib import Path

import orjson
import pytest

from records.secrets.lines import blank_line, blank_lines
from records.secrets.redaction import Redaction

REDACT = Redaction(["17000000", "correct-horse-9"]).redact
AT_NS = 1_700_000_012_345_678_901  # it begins as a secret does


def test_texts_are_blanked_and_numbers_and_the_names_of_fields_stay() -> None:
    line = orjson.dumps({"at_ns": AT_NS, "groups": [{"name": "correct-horse-9", "count": 17000000}]}) + b"\n"
    assert orjson.loads(blank_line(line, REDACT)) == {
        "at_ns": AT_NS, "groups": [{"name": "***", "count": 17000000}]
    }  # fmt: skip
    assert blank_line(b'{"name":  "mine"}\n', REDACT) == b'{"name":  "mine"}\n'
    assert blank_line(b'{"name": "correct-horse-9", \xff\n', REDACT) == b'{"name": "***", \xff\n'
    assert b"horse" not in blank_line(b'{"a":' * 60 + b'"correct-horse-9"' + b"}" * 60 + b"\n", REDACT)


def test_a_file_is_replaced_whole_or_where_that_cannot_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "1.jsonl"
    path.write_bytes(b'{"a":1}\n{"a":"correct-horse-9"}\n{"a":"correct-h')
    blank_lines(path, REDACT)
    assert path.read_bytes() == b'{"a":1}\n{"a":"***"}\n{"a":"***'
    assert list(tmp_path.iterdir()) == [path]

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    path.write_bytes(b'{"a":"correct-horse-9"}\n')
    monkeypatch.setattr(Path, "replace", full)
    blank_lines(path, REDACT)
    assert not list(tmp_path.iterdir())


def test_no_link_is_followed_that_the_app_has_put_there(tmp_path: Path) -> None:
    folder = tmp_path / "one.inside"
    folder.mkdir()
    kept, link = tmp_path / "kept", folder / "2.jsonl"
    kept.write_bytes(b'{"a":"correct-horse-9"}\n')  # which the app may not read, but we may
    link.symlink_to(kept)
    (folder / f".1.jsonl.{os.getpid()}").symlink_to(kept)
    path = folder / "1.jsonl"
    path.write_bytes(b'{"b":"correct-horse-9"}\n')
    for one in (path, link):
        blank_lines(one, REDACT)
    assert (path.read_bytes(), kept.read_bytes()) == (b'{"b":"***"}\n', b'{"a":"correct-horse-9"}\n')
    assert not link.is_symlink()
