"""A load that reaches nothing: one line that says what to do, and not the exit code of a good one."""

from __future__ import annotations

import os
from typing import Any

import pytest

SHORT = ("--headless", "-u", "2", "-t", "1s", "--loglevel", "WARNING")


def silent(talk: Any) -> None:
    talk.sock.recv(1)


def test_a_load_without_records_is_refused_in_one_line_too(
    trap: Any, locust: Any, behind_tls: Any, certificates: Any
) -> None:
    server = trap(silent)
    server.on_get = silent
    unverified = behind_tls(server.url)
    wants_client = behind_tls(server.url, certificates.server(wants_client=True))
    wrong = [
        ((unverified.replace("https", "http"),), "speaks TLS: ask it as https://"),
        ((unverified,), "TLS: unable to get local issuer certificate; --ca FILE"),
        ((wants_client, "--ca", certificates.ca), "certificate required; --cert FILE"),
        (("http://127.0.0.1:9",), "connection refused"),
    ]
    for words, said in wrong:
        one = locust("-H", *words, *SHORT)
        assert one.wait() == 2, one.text
        [line] = one.text.strip().splitlines()
        assert line.startswith(f"error: {words[0]} cannot be reached: ")
        assert said in line


@pytest.mark.parametrize("results", [True, False])
def test_a_load_without_one_answer_is_not_well(trap: Any, locust: Any, results: bool) -> None:
    server = trap(silent)
    kept = ("--results", "r") if results else ()
    one = locust("-H", server.url, *SHORT, "--drain-seconds", "0", *kept)
    assert one.wait() == (3 if results else 1), one.text
    last = one.text.strip().splitlines()[-1]
    assert last.startswith("invalid: " if results else "error: no request was answered, or failed, in the ti")


def test_a_fifo_is_no_file_of_questions(locust: Any, tmp_path: Any) -> None:
    os.mkfifo(tmp_path / "pipe")
    one = locust("-H", "http://127.0.0.1:9", *SHORT, "--questions", "pipe")
    assert one.wait() == 2
    assert one.text.strip() == "error: --questions pipe: this is a pipe, and has to be a file"
