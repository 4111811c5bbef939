"""The mock LLM server as a process, asked over real sockets."""

import http.client
import json
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mocks.openai_server import main
from support import MockLLM

BODY = {"model": "m", "messages": [{"role": "user", "content": "What is zip?"}], "stream": True}
RAW = json.dumps(BODY).encode()
POST = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%b" % (len(RAW), RAW)
Start = Callable[..., MockLLM]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[MockLLM] = []

    def begin(*flags: str) -> MockLLM:
        running.append(MockLLM(tmp_path / f"record-{len(running)}.jsonl", *flags))
        return running[-1]

    yield begin
    for server in running:
        server.stop()


def ask(connection: http.client.HTTPConnection, **more: Any) -> http.client.HTTPResponse:
    connection.request("POST", "/v1/chat/completions", json.dumps(BODY | more))
    return connection.getresponse()


def frames(response: http.client.HTTPResponse) -> list[Any]:
    events = response.read().decode().split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    return [json.loads(event.removeprefix("data: ")) for event in events[:-2]]


def text_of(chunks: list[Any]) -> str:
    return "".join(c["choices"][0]["delta"].get("content", "") for c in chunks if c["choices"])


def test_a_stream_is_openais_and_a_connection_serves_one_after_the_other(start: Start) -> None:
    connection = start("--tokens", "4", "--ttft-ms", "1", "--itl-ms", "0").connect()
    texts = []
    for _ in range(3):
        response = ask(connection, stream_options={"include_usage": True})
        assert response.status == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        role, *tokens, finish, usage = frames(response)
        assert role["choices"][0]["delta"] == {"role": "assistant"}
        assert len(tokens) == usage["usage"]["completion_tokens"] == 4
        assert finish["choices"][0]["finish_reason"] == "stop"
        texts.append(text_of(tokens))
        socket_now = connection.sock
    assert connection.sock is socket_now is not None
    assert len(set(texts)) == 3


def test_openais_own_client_reads_it(start: Start) -> None:
    openai = pytest.importorskip("openai")
    server = start("--tokens", "5", "--ttft-ms", "30", "--itl-ms", "5", "--jitter", "0")
    with openai.OpenAI(base_url=server.base_url, api_key="none", max_retries=0) as client:
        create, messages = client.chat.completions.create, [{"role": "user", "content": "hello"}]
        chunks = list(create(model="m", messages=messages, stream=True))
        assert sum(bool(c.choices[0].delta.content) for c in chunks) == 5
        whole = create(model="m", messages=messages, max_tokens=3)
        assert whole.usage.completion_tokens == len(whole.choices[0].message.content.split()) == 3
        assert whole.choices[0].finish_reason == "length"
        assert [model.id for model in client.models.list()] == ["mock-llm"]
        with pytest.raises(openai.BadRequestError, match="messages"):
            create(model="m", messages=[])
        with pytest.raises(openai.NotFoundError, match="unknown path"):
            client.embeddings.create(model="m", input="x")
    _, record, _ = server.records(3)
    assert 39 < record["ttft_ms"] < 40 + 1000  # a whole answer takes as long as one that streams
    assert (record["tokens"], record["stream"]) == (3, False)


def test_the_same_seed_gives_the_same_answers(start: Start) -> None:
    flags = ("--ttft-ms", "2", "--itl-ms", "0.1", "--tokens", "6")
    servers = start(*flags), start(*flags), start(*flags, "--seed", "1")
    said = [[text_of(frames(ask(server.connect()))) for _ in range(2)] for server in servers]
    assert said[0] == said[1] != said[2]
    planned = [[record["planned_ttft_ms"] for record in server.records(2)] for server in servers]
    assert planned[0] == planned[1] != planned[2]


def test_times_are_the_planned_ones_and_recorded_as_the_client_sees_them(start: Start) -> None:
    server = start("--ttft-ms", "40", "--itl-ms", "5", "--tokens", "16")
    connection = server.connect()
    seen = []
    for _ in range(15):
        sent = time.perf_counter()
        response = ask(connection)
        response.readline()
        seen.append((time.perf_counter() - sent) * 1e3)
        response.read()
    records = server.records(15)
    # A machine that is busy with others makes some of them late, and none early.
    assert -1 < min(r["ttft_ms"] - r["planned_ttft_ms"] for r in records) < 10
    # Either may be held up, the server between writing a token and dating it too: so no extreme of these.
    late_ms = sorted(s - r["ttft_ms"] for s, r in zip(seen, records, strict=True))
    assert late_ms[7] > -1
    assert late_ms[3] < 10
    # A server that had to wait for the CPU writes what was due meanwhile together: then most gaps are none.
    means_ms = [statistics.fmean(r["gaps_ms"]) for r in records]
    assert statistics.median(means_ms) == pytest.approx(5, abs=3)
    for record in records:
        assert (record["outcome"], record["tokens"], len(record["gaps_ms"])) == ("ok", 16, 15)
        assert record["received_at_ns"] < record["first_token_at_ns"] < record["ended_at_ns"]
        assert abs(record["ended_at_ns"] / 1e9 - time.time()) < 60


def test_further_streams_queue_in_order(start: Start) -> None:
    server = start("--max-concurrent", "1", "--ttft-ms", "400", "--itl-ms", "0", "--tokens", "2")
    connections = [server.connect() for _ in range(3)]
    for connection in connections:
        connection.request("POST", "/v1/chat/completions", json.dumps(BODY))
    for connection in connections:
        frames(connection.getresponse())
    records = server.records(3)
    assert records == sorted(records, key=lambda record: record["received_at_ns"])
    late_ns = []
    for before, after in pairwise(records):  # it starts when the one before has ended
        started_ns = after["received_at_ns"] + after["queued_ms"] * 1e6
        late_ns.append(started_ns - max(before["ended_at_ns"], after["received_at_ns"]))
    assert records[0]["queued_ms"] < 200
    assert min(late_ns) > -0.1e6
    assert min(late_ns) < 200e6  # a machine that is busy with others may make either late


def test_a_client_that_goes_away_is_recorded_and_frees_its_place(start: Start) -> None:
    server = start("--max-concurrent", "1", "--ttft-ms", "10", "--itl-ms", "60000", "--tokens", "30")
    going, waiting, last = server.connect(), server.connect(), server.connect()
    response = ask(going)
    response.readline()
    waiting.request("POST", "/v1/chat/completions", json.dumps(BODY))
    time.sleep(0.5)  # so that it waits before the first goes
    waiting.close()
    response.close()
    going.close()
    gone = server.records(2)
    assert [record["outcome"] for record in gone] == ["cancelled", "cancelled"]
    assert sorted(record["tokens"] for record in gone) == [0, 1]
    assert text_of(frames(ask(last, max_tokens=1)))


@pytest.mark.parametrize(("method", "path", "body", "status"), [
    ("POST", "/v1/chat/completions", b"{", 400), ("POST", "/v1/chat/completions", b"\xff\xfe", 400),
    ("POST", "/v1/chat/completions", b'{"messages":[]}', 400), ("GET", "/v1/chat/completions", None, 405),
    ("GET", "/nothing", None, 404),
])  # fmt: skip
def test_bad_input_gets_openais_error_and_the_next_is_served(
    start: Start, method: str, path: str, body: bytes | None, status: int
) -> None:
    connection = start().connect()
    connection.request(method, path, body)
    response = connection.getresponse()
    assert response.status == status
    assert json.loads(response.read())["error"]["message"]
    connection.request("GET", "/health")
    assert connection.getresponse().status == 200


@pytest.mark.parametrize(("asked", "begins", "answers"), [
    (b"\x00\x01\x02 nonsense\r\n\r\n", b"HTTP/1.1 400 ", 0),
    # Of two at once the first is served, whole, and then the connection closed.
    (2 * POST, b"HTTP/1.1 200 ", 1),
])  # fmt: skip
def test_what_is_not_one_request_after_the_other(
    start: Start, asked: bytes, begins: bytes, answers: int
) -> None:
    port = start("--ttft-ms", "20", "--tokens", "2").port
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(asked)
        received = b"".join(iter(lambda: client.recv(65536), b""))
    assert received.startswith(begins)
    assert received.count(b"[DONE]") == answers
    assert not answers or received.endswith(b"0\r\n\r\n")


def test_it_ends_cleanly_with_a_stream_under_way(start: Start) -> None:
    server = start("--ttft-ms", "10", "--itl-ms", "1000")
    ask(server.connect()).readline()
    assert server.stop() == 0
    assert [record["outcome"] for record in server.records(1)] == ["cancelled"]


@pytest.mark.parametrize("flags", [
    "--tokens 0", "--ttft-ms -1", "--ttft-ms nan", "--port 70000", "--nonsense", "--record no/such/file",
])  # fmt: skip
@pytest.mark.timeout(30)  # or it serves for ever
def test_a_bad_flag_is_one_line_and_exit_2(here: Any, flags: str) -> None:
    ended = here(main, "--port", "0", *flags.split())
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)


def test_a_port_in_use_is_one_line_and_exit_2(here: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = here(main, "--port", str(taken.getsockname()[1]))
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "in use" in ended.stderr
