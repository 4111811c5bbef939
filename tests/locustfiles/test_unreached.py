"""A load that reaches nothing: one line that says what to do, and not the exit code of a good one."""

from pathlib import Path
from typing import Any

from records.cells.reader import read_cell

SHORT = ("--headless", "-u", "2", "-t", "1s", "--loglevel", "WARNING")


def silent(talk: Any) -> None:
    talk.sock.recv(1)


def test_a_load_without_records_is_refused_in_one_line_too(
    trap: Any, locust: Any, behind_tls: Any, certificates: Any
) -> None:
    server = trap(silent)
    server.on_get = silent
    wants_client = behind_tls(server.url, certificates.server(wants_client=True))
    one = locust("-H", wants_client, "--ca", certificates.ca, *SHORT)
    assert one.wait() == 2, one.text
    [line] = one.text.strip().splitlines()
    assert line.startswith(f"error: {wants_client} cannot be reached: ")
    assert "certificate required; --cert FILE" in line


def test_a_load_without_one_answer_is_not_well(trap: Any, locust: Any) -> None:
    one = locust("-H", trap(silent).url, *SHORT, "--drain-seconds", "0")
    assert one.wait() == 1, one.text
    last = one.text.strip().splitlines()[-1]
    assert last.startswith("error: no request was answered, or failed, in the ti")


def test_a_load_that_had_no_time_is_not_well(trap: Any, locust: Any, tmp_path: Path) -> None:
    server = trap(silent)
    server.on_get = silent  # its /config is waited for, and longer than -t
    one = locust("-H", server.url, *SHORT, "--drain-seconds", "0", "--results", "r")
    assert one.wait() == 3, one.text
    assert one.text.strip().splitlines()[-1].startswith("invalid: ")
    assert not read_cell(tmp_path / "r").cell.verdict.valid
