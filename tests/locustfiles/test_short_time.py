"""A load whose time is over before it has begun."""

import json
from pathlib import Path
from typing import Any


def test_a_load_that_had_no_time_is_not_well(trap: Any, locust: Any, tmp_path: Path) -> None:
    server = trap(lambda talk: talk.sock.recv(1))
    server.on_get = lambda talk: talk.sock.recv(1)  # its /config is waited for, and longer than -t
    words = ("--headless", "-u", "1", "-t", "1s", "--drain-seconds", "0", "--loglevel", "WARNING")
    one = locust("-H", server.url, *words, "--results", "r")
    assert one.wait() == 3, one.text
    assert one.text.strip().splitlines()[-1].startswith("invalid: ")
    assert not json.loads((tmp_path / "r" / "cell.json").read_text())["verdict"]["valid"]
