"""What is sent: a field that a service refuses can be left out, and headers stand there once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support import rows

REFUSAL = b'{"error":{"message":"Unknown parameter: \'stream_options\'.","type":"invalid_request_error"}}'


def _answer(talk: Any) -> None:
    """As OpenAI's chat completions; refuses ``stream_options`` even as null, and two lines of one header."""
    lines = [line.partition(b":")[0].lower() for line in talk.head.split(b"\r\n")[1:]]
    if len(set(lines)) < len(lines):
        talk.raw(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 5\r\n\r\ntwice")
    elif "stream_options" in json.loads(talk.body):
        talk.raw(b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%b" % (len(REFUSAL), REFUSAL))
    else:
        talk.headers()
        for text in "abc":
            talk.event({"choices": [{"delta": {"content": text}}]})
        talk.event({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        talk.chunk(b"data: [DONE]\n\n")
        talk.done()


@pytest.fixture
def url(trap: Callable[..., Any]) -> str:
    server = trap(_answer)
    server.on_get = lambda talk: talk.raw(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    return str(server.url)


def _records(folder: Path) -> list[dict[str, Any]]:
    return rows(folder / "requests.jsonl")


def _ask(locust: Callable[..., Any], url: str, folder: Path, *words: str) -> tuple[Any, dict[str, Any]]:
    load = ["--headless", "-u", "1", "-t", "2s", "-H", url, "--dialect", "openai", "--results", str(folder)]
    process = locust(*load, *words)
    process.wait()
    return process, json.loads((folder / "cell.json").read_text())


def test_a_refused_field_is_named_and_can_be_left_out(
    locust: Callable[..., Any], url: str, tmp_path: Path
) -> None:
    process, cell = _ask(locust, url, tmp_path / "a")
    assert "--drop-field stream_options (sweep: -- --drop-field stream_options)" in process.text
    assert cell["requested"]["drop_fields"] == []
    process, cell = _ask(
        locust, url, tmp_path / "b", "--drop-field=stream_options", "--field=stream_options=null"
    )
    assert {record["outcome"] for record in _records(tmp_path / "b")} == {"ok"}, process.text
    assert cell["requested"]["drop_fields"] == ["stream_options"]
    assert cell["requested"]["body"] == {"model": "default", "stream": True}
    assert {record["tokens"] for record in _records(tmp_path / "b")} == {3}


def test_headers_that_are_given_replace_the_client_s_own(
    locust: Callable[..., Any], url: str, tmp_path: Path
) -> None:
    words = ["--drop-field=stream_options", "--header=host=other.example", "--header=USER-AGENT=me"]
    process, cell = _ask(locust, url, tmp_path / "a", *words)
    assert {record["outcome"] for record in _records(tmp_path / "a")} == {"ok"}, process.text
    assert cell["requested"]["headers"] == ["USER-AGENT", "host"]
