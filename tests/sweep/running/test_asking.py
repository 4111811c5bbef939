"""What a sweep asks of a target it cannot trust: an answer without an end is none."""

import time
from typing import Any

import pytest

from reach.get import LARGEST
from sweep.running.asking import served


def test_a_configuration_is_read_and_kept_without_the_key_that_asked_for_it(
    trap: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TARGET_API_KEY", "sk-12345678-abc")
    body = b'{"config": "runs sk-12345678-abc", "settings": {"a": "Bearer sk-12345678-abc", "b": "https://u:p@h/"}}'
    said = served(_answering(trap, body))
    assert (said.config, said.settings) == ("runs ***", {"a": "***", "b": "https://***@h/"})


def test_an_answer_without_end_or_that_trickles_is_given_up(trap: Any) -> None:
    began = time.monotonic()
    assert served(_answering(trap, b" " * (LARGEST + 2)), seconds=60.0).config is None
    assert time.monotonic() - began < 60
    trickles = _answering(trap, *[b" "] * 400, pause_s=0.05)
    assert served(trickles, seconds=0.3).config is None


def _answering(trap: Any, *parts: bytes, pause_s: float = 0.0) -> str:
    """A server's URL, which answers GET with these parts."""
    server = trap(lambda talk: None)

    def answer(talk: Any) -> None:
        talk.headers()
        for part in parts:
            talk.chunk(part)
            time.sleep(pause_s)
        talk.done()

    server.on_get = answer
    return str(server.url)
