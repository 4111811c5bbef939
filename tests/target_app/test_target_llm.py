"""A real LLM call in each of the four ways: answers, failures, and clients that leave."""

import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate
from typing import Any

import pytest

from between import Switch
from support import QUESTION, wait_until

KEY = "sk-test-0123456789abcdef"
HI = {"role": "user", "content": "Hi"}
CHAT = {"model": "any", "messages": [{"role": "system", "content": "Be kind."}, HI]}
TOKEN = re.compile(rb'"content": ?"[^"]')  # no role chunk: its content is empty, and no LLM was asked yet
CLIENTS = ("async", "threaded", "blocking", "langchain")
OTHERWISE = {"INDEX": "flat", "PARTIAL_ANSWER": "yes", "PREPROCESSING": "inline"}


@pytest.fixture
def llm() -> Iterator[Switch]:
    switch = Switch()
    yield switch
    switch.close()


@pytest.mark.parametrize("client", CLIENTS)
def test_a_way_of_retrieving_and_asking(
    start: Any, llm: Switch, quick_llm: Any, slow_llm: Any, refusing: Any, client: str
) -> None:
    """All of it by one target, which takes long to start."""
    settings = {} if client == "async" else OTHERWISE
    url = f"{llm.url}/v1"
    with start(RETRIEVAL=client, LLM_CLIENT=client, OPENAI_BASE_URL=url, **settings) as target:
        llm.to(quick_llm.port)
        check_tokens(target)
        check_many_at_once(target)
        check_chat_that_streams(target)
        check_chat_that_is_whole(target)
        llm.to(slow_llm.port)
        check_arrivals(target)
        check_clients_that_leave(target, slow_llm)
        for status in (400, 401, 403, 429, 500, 200):
            llm.to(refusing.server_port)
            refusing.status = status
            check_failure(target, status)


def check_tokens(way: Any) -> None:
    events = way.ask(score_threshold=-1)
    tokens = [event["content"] for event in events if event["type"] == "token"]
    so_far = [event.get("partial_answer") for event in events if event["type"] == "token"]
    partial = way.get("/config").json()["settings"]["PARTIAL_ANSWER"]
    assert so_far == (list(accumulate(tokens)) if partial else [None] * 8)
    complete = events[-2]
    assert len(tokens) == 8
    assert (complete["final_answer"], complete["config"]) == ("".join(tokens), "mock-embeddings")
    llm_s = complete["timings"]["llm"]["running_ms"] / 1e3
    assert complete["total_time"] >= complete["llm_time"] >= llm_s >= 0.01
    assert next(event for event in events if event["type"] == "documents")["count"] == 5


def check_many_at_once(way: Any) -> None:
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: way.ask(), range(12)))
    assert [events[-2]["type"] for events in answers] == ["complete"] * 12
    assert way.metric("target_inflight_requests ") == 0


def check_arrivals(target: Any) -> None:
    """Tokens arrive as they are made."""
    cancelled = target.counter("cancelled")
    with contextlib.closing(target.connect()) as connection:
        connection.request("POST", "/ask/stream", json.dumps(QUESTION).encode())
        response = connection.getresponse()
        arrivals = []
        while len(arrivals) < 20:
            if b'"token"' in response.readline():
                arrivals.append(time.monotonic())
        assert arrivals[-1] - arrivals[0] > 0.3  # 950 ms, less what the first was read late
        response.close()
    wait_until(lambda: target.counter("cancelled") == cancelled + 1)


def check_chat_that_streams(way: Any) -> None:
    options = {"include_usage": True}
    reply = way.post("/v1/chat/completions", {**CHAT, "stream": True, "stream_options": options})
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.body.endswith(b"data: [DONE]\n\n")
    lines = reply.body.split(b"\n\n")[:-2]
    chunks = [json.loads(line.removeprefix(b"data: ")) for line in lines]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert {(chunk["id"], chunk["model"]) for chunk in chunks} == {(chunks[0]["id"], "any")}
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert len([chunk for chunk in chunks[1:-2] if chunk["choices"][0]["delta"]["content"]]) == 8
    assert chunks[-2]["choices"] == [{"index": 0, "delta": {}, "finish_reason": "stop"}]
    assert (chunks[-1]["choices"], chunks[-1]["usage"]["completion_tokens"]) == ([], 8)


def check_chat_that_is_whole(way: Any) -> None:
    reply = way.post("/v1/chat/completions", CHAT)
    assert reply.status == 200
    body = reply.json()
    [choice] = body["choices"]
    assert (body["object"], choice["finish_reason"]) == ("chat.completion", "stop")
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["content"]
    assert body["usage"]["completion_tokens"] == 8


@pytest.mark.parametrize(("body", "parameter"), [
    ({"model": "m", "messages": []}, "messages"), ({"messages": CHAT["messages"]}, "model"),
    ({"model": "m", "messages": [{"role": "user", "content": ""}]}, "query"),
    ({"model": "m", "messages": [{"role": "user"}]}, "messages.0.content"),
])  # fmt: skip
def test_a_chat_without_a_question_gets_422_in_openais_shape(
    answering: Any, body: dict[str, Any], parameter: str
) -> None:
    reply = answering.post("/v1/chat/completions", body)
    assert reply.status == 422
    error = reply.json()["error"]
    told = (error["type"], error["code"], error["param"])
    assert told == ("invalid_request_error", "invalid_request", parameter)
    assert parameter in error["message"]


def test_the_openai_sdk_takes_the_target_for_openai(answering: Any) -> None:
    import openai

    http = openai.DefaultHttpxClient(trust_env=False)
    url = f"http://127.0.0.1:{answering.port}/v1"
    with openai.OpenAI(base_url=url, api_key="x", http_client=http, max_retries=0, timeout=60) as client:
        create: Any = client.chat.completions.create
        chunks = list(create(model="m", messages=[HI], stream=True))
        whole = create(model="m", messages=[HI])
    assert len([chunk for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]) == 8
    assert whole.choices[0].message.content


class Refusing(BaseHTTPRequestHandler):
    """An LLM that fails as the model's name asks, and repeats the key it was given."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        key = self.headers["authorization"]
        status = self.server.status  # type: ignore[attr-defined]
        if status == 200:  # breaks off after one token
            chunk = {"choices": [{"index": 0, "delta": {"content": "One "}}]}
            body, length = b"data: " + json.dumps(chunk).encode() + b"\n\n", 100_000
        else:
            key = key.removeprefix("Bearer ") * 20  # wherever the message is cut, it is cut inside a key
            body = json.dumps({"error": {"message": key}}).encode()
            length = len(body)
        self.send_response(status)
        self.send_header("content-type", "text/event-stream" if status == 200 else "application/json")
        self.send_header("content-length", str(length))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture(scope="module")
def refusing() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def check_error(events: list[dict[str, Any]]) -> str:
    kinds = [event["type"] for event in events]
    assert (kinds[-2:], "complete" in kinds) == (["error", "end"], False)
    assert set(events[-2]) == {"type", "message", "timestamp"}
    message: str = events[-2]["message"]
    assert message
    assert KEY[:11] not in message
    return message


def check_failure(failing: Any, status: int) -> None:
    """It is told in the stream, without the key."""
    failed = failing.counter("error")
    events = failing.ask()
    message = check_error(events)
    assert ("token" in [event["type"] for event in events]) if status == 200 else (str(status) in message)
    whole = failing.post("/ask", QUESTION)
    chat = failing.post("/v1/chat/completions", {**CHAT, "stream": True})
    whole_chat = failing.post("/v1/chat/completions", CHAT)
    assert (whole.status, chat.status, whole_chat.status) == (502, 200, 502)
    assert chat.body.endswith(b"data: [DONE]\n\n")
    assert b'"error"' in chat.body
    error = whole_chat.json()["error"]
    assert (error["type"], error["code"]) == ("server_error", "answer_failed")
    assert error["message"] == whole.json()["detail"]
    assert failing.counter("error") == failed + 4
    said = whole.body + chat.body + whole_chat.body + "".join(failing.log).encode()
    assert KEY[:11].encode() not in said


def test_an_unreachable_llm_is_told_in_the_stream(start: Any) -> None:
    with socket.socket() as closed:  # bound, not listening
        closed.bind(("127.0.0.1", 0))
        url = f"http://user:{KEY}@127.0.0.1:{closed.getsockname()[1]}/v1"
        with start(OPENAI_BASE_URL=url) as target:
            check_error(target.ask())
            assert target.post("/ask", QUESTION).status == 502
            config = target.get("/config")
            assert KEY.encode() not in config.body
            assert target.get("/health").status == 200


def check_clients_that_leave(target: Any, slow_llm: Any) -> None:
    """The LLM's answer is cancelled, too."""
    cancelled = target.counter("cancelled")
    chat = ("/v1/chat/completions", {**CHAT, "stream": True})
    for path, body in (("/ask/stream", QUESTION), ("/ask", QUESTION), chat):
        before = len(slow_llm.records())
        connection = target.connect()
        connection.request("POST", path, json.dumps(body).encode())
        if path == "/ask":
            wait_until(slow_llm.connections)
            time.sleep(0.3)  # long enough for the request to be there
            assert connection.sock
            connection.sock.close()
        else:
            response = connection.getresponse()
            while not TOKEN.search(response.readline()):
                pass
            response.close()
        connection.close()
        record = slow_llm.records(before + 1)[-1]
        assert (record["outcome"], record["tokens"] < 300) == ("cancelled", True)
    wait_until(lambda: target.counter("cancelled") == cancelled + 3)
    wait_until(lambda: target.metric("target_inflight_requests ") == 0)
    assert target.log == []
