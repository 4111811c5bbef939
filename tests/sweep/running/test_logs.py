"""A process that prints without end fills no disk, and what is kept says how much is missing."""

from pathlib import Path
from typing import Any

import pytest

import support
from sweep.running import logs


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "HEAD_BYTES", 1000)
    monkeypatch.setattr(logs, "TAIL_BYTES", 1000)
    monkeypatch.setattr(logs, "_LINE_BYTES", 100)


def numbered(first: int, last: int) -> bytes:
    """Lines of ten bytes."""
    return b"".join(b"%09d\n" % n for n in range(first, last))


@pytest.mark.usefixtures("small")
def test_the_first_and_the_last_lines_are_kept_whole_with_how_much_is_between(tmp_path: Path) -> None:
    log, mark = tmp_path / "log", logs._MARK_BYTES
    log.write_bytes(numbered(0, 1000))
    logs.cut(log, 10_000)
    assert log.read_bytes() == numbered(0, 1000)
    logs.cut(log, 9_999)
    kept = log.read_bytes()
    assert kept.startswith(numbered(0, 100))
    assert kept.endswith(numbered(901, 1000))
    assert kept[1000 : 1000 + mark] == b"\n[...            8010 bytes were left out here ...]\n"
    assert logs.written(log) == 10_000
    with log.open("ab") as file:
        file.write(numbered(1000, 2000))
    assert logs.written(log) == 20_000
    logs.cut(log, 9_999)
    assert logs.written(log) == 20_000
    assert log.read_bytes().endswith(numbered(1901, 2000))
    assert len(log.read_bytes()) == 1990 + mark


@pytest.mark.usefixtures("small")
def test_what_was_written_in_a_span_is_found_after_a_cut(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(numbered(0, 1000))
    assert logs.since(log, 9_000, 50) == numbered(900, 905)
    logs.cut(log, 0)
    assert logs.since(log, 9_900, 1000) == numbered(990, 1000)
    assert logs.since(log, 500, 500) == numbered(50, 100)
    assert logs.since(log, 5_000, 10_000).startswith(b"\n[... ")
    # No half line is left that could show half a secret.
    log.write_bytes(b"x" * 990 + b"\nkey=secret-of-mine\n" + b"y" * 5000)
    logs.cut(log, 0)
    assert b"key" not in log.read_bytes()


def test_one_that_prints_without_end_has_a_short_log(tmp_path: Path, child: Any) -> None:
    log, most = tmp_path / "log", logs.HEAD_BYTES + logs.TAIL_BYTES + logs._MARK_BYTES
    one = child("while True: print('x' * 999)")
    try:
        support.wait_until(lambda: logs.written(log) > 4 * logs.MOST_BYTES)
        assert one.last_words().startswith("x")
    finally:
        one.stop()
    assert log.stat().st_size <= most
    assert logs.written(log) > 4 * logs.MOST_BYTES - most
    assert b" bytes were left out here ...]" in log.read_bytes()


@pytest.mark.usefixtures("small")
def test_the_end_of_what_a_later_process_wrote_holds_nothing_of_before_wherever_the_log_was_cut(
    tmp_path: Path,
) -> None:
    log = tmp_path / "log"
    log.write_bytes(numbered(0, 1000))
    began = logs.written(log)
    with log.open("ab") as file:
        file.write(numbered(1000, 1020))
    assert logs.last(log, began, 1 << 18).encode() == numbered(1000, 1020)
    logs.cut(log, 9_999)
    assert logs.last(log, began, 1 << 18).encode() == numbered(1000, 1020)
    assert logs.last(log, began, 20).encode() == numbered(1018, 1020)
    assert logs.last(log, logs.written(log), 20) == ""
