"""What is sent: a field that a service refuses can be left out, and headers stand there once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
        talk.event(*({"choices": [{"delta": {"content": text}}]} for text in "abc"))
        talk.event({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        talk.chunk(b"data: [DONE]\n\n")
        talk.done()


def test_a_refused_field_is_left_out_and_headers_replace_the_client_s_own(
    locust: Callable[..., Any], trap: Callable[..., Any], tmp_path: Path
) -> None:
    def ask(name: str, *words: str) -> tuple[str, dict[str, Any], list[dict[str, Any]]]:
        # Until some have ended: a load that got no CPU for one in its time advises nothing.
        enough = ("--requests", "5", "--min-seconds", "0", "-t", "60s")
        load = ("--headless", "-u", "1", *enough, "-H", url, "--dialect", "openai", "--results", name)
        process, folder = locust(*load, *words), tmp_path / name
        process.wait()
        requested = json.loads((folder / "cell.json").read_text())["requested"]
        return process.text, requested, rows(folder / "requests.jsonl")

    url = trap(_answer).url
    text, requested, _ = ask("a")
    assert "--drop-field stream_options (sweep: -- --drop-field stream_options)" in text
    assert requested["drop_fields"] == []
    headers = ("--header=host=other.example", "--header=USER-AGENT=me")
    text, requested, records = ask(
        "b", "--drop-field=stream_options", "--field=stream_options=null", *headers
    )
    assert {(record["outcome"], record["tokens"]) for record in records} == {("ok", 3)}, text
    assert requested["drop_fields"] == ["stream_options"]
    assert requested["body"] == {"model": "default", "stream": True}
    assert requested["headers"] == ["USER-AGENT", "host"]
