"""A load that reaches nothing: one line that says what to do, and not the exit code of a good one."""

import os
from typing import Any

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
    """Of one with results, which had no time either, test_short_time.py has the end."""
    one = locust("-H", trap(silent).url, *SHORT, "--drain-seconds", "0")
    assert one.wait() == 1, one.text
    last = one.text.strip().splitlines()[-1]
    assert last.startswith("error: no request was answered, or failed, in the ti")


def test_a_fifo_is_no_file_of_questions(locust: Any, tmp_path: Any) -> None:
    os.mkfifo(tmp_path / "pipe")
    one = locust("-H", "http://127.0.0.1:9", *SHORT, "--questions", "pipe")
    assert one.wait() == 2
    assert one.text.strip() == "error: --questions pipe: this is a pipe, and has to be a file"
