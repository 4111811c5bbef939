"""What events without an answer in them say: an error, or nothing of the kind."""

import json
from typing import Any

import pytest

from loadgen.client.error_text import TOO_DEEP
from loadgen.tasks.ask.answer import Answer
from loadgen.tasks.ask.dialects import DIALECTS, dialect
from loadgen.tasks.ask.event_errors import error_in, error_of_body
from loadgen.tasks.ask.events import EventStream
from loadgen.tasks.ask.openai_chunks import fold_openai

CHOICE: dict[str, Any] = {"index": 0, "delta": {}, "finish_reason": None}


@pytest.mark.parametrize(
    ("event", "said"),
    [
        # FastChat, controller and worker: https://github.com/lm-sys/FastChat/issues/1221
        ({"text": "NETWORK ERROR", "error_code": 50002}, "NETWORK ERROR"),
        ({"success": False, "errors": [{"code": 7000, "message": "boom"}]}, "boom"),
        ({"success": False, "msg": "quota"}, "quota"),
        ({"message": "Internal server error", "requestId": "r"}, "Internal server error"),
        ({"statusCode": 429, "message": "Rate limit is exceeded."}, "Rate limit"),
        ({"status": "error", "reason": "boom"}, "boom"),
        ({"fault": {"faultstring": "boom"}}, "boom"),
        ({"exception": "boom", "timestamp": "x"}, "boom"),
        ({"throttlingException": {"message": "Too many requests"}}, "Too many requests"),
        ({"error_type": "overloaded_error"}, "overloaded_error"),
        # https://github.com/NousResearch/hermes-agent/pull/65643
        ({"choices": None, "error_type": "BadRequestError", "error_message": "too long"}, "too long"),
        ({"ErrorMsg": {"Msg": "boom", "Code": 4001}}, "boom"),
        ({"Response": {"Error": {"Code": "x", "Message": "boom"}}}, "boom"),
        ({"header": {"code": 10013, "message": "boom", "status": 2}}, "boom"),
        ({"choices": [], "code": 50001, "msg": "boom"}, "boom"),
        ({"choices": None, "code": "InvalidParameter", "msg": "boom"}, "boom"),
        # https://github.com/diegosouzapw/OmniRoute/pull/8210
        ({"object": "chat.completion.chunk", "choices": [], "error": {"code": 502}}, "502"),
        ({"choices": [], "x_groq": {"id": "r", "error": "over capacity"}}, "over capacity"),
        ({"detail": [{"msg": "boom"}]}, "boom"),
        ({"type": "ERROR", "message": "boom"}, "boom"),
        ({"errors": [{"message": "one", "code": 1}, {"detail": "two"}]}, "one; two"),
    ],
)
def test_errors(event: dict[str, Any], said: str) -> None:
    assert said in str(error_in(event))


@pytest.mark.parametrize("event", [
    {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": []},
    {"choices": [], "prompt_filter_results": [{"content_filter_results": {"hate": {"filtered": False}}}]},
    {"choices": [], "usage": {"completion_tokens": 3}, "timings": {"predicted_ms": 12.5}},
    {"code": 0, "message": "Success", "header": {"code": 0, "message": "Success", "status": 2}},
    {"base_resp": {"status_code": 0, "status_msg": ""}},
    {"error": None, "errors": [], "error_code": 0, "error_msg": "success"},
    {"error": {"code": None, "message": ""}}, {"error": {"code": 0, "message": "ok"}},
    {"success": True, "status": "success", "code": 200}, {"status": "incomplete"}, {"type": "ping"},
    {"type": "status", "message": "Searching the web"}, {"message": "heartbeat"},
    {"message": {"role": "assistant", "content": ""}}, {"x_groq": {"id": "r"}},
    {"citations": ["https://example.com/error"], "search_results": []},
    {"event": {"type": "status", "data": {"description": "error rates", "done": True}}},
    {"cost": "0.0001", "choices": []}, {},
])  # fmt: skip
def test_what_is_harmless(event: dict[str, Any]) -> None:
    assert error_in(event) is None


@pytest.mark.parametrize(("event", "failed"), [
    ({"choices": [CHOICE | {"error": {"code": 502, "message": "boom"}, "finish_reason": "stop"}]}, True),
    ({"choices": [CHOICE | {"native_finish_reason": "error", "finish_reason": "stop"}]}, True),
    ({"choices": [CHOICE | {"finish_details": {"type": "abort"}}]}, True),
    ({"choices": [CHOICE | {"finish_reason": ["abort"]}]}, True),
    ({"choices": [CHOICE | {"native_finish_reason": "incomplete", "finish_reason": "length"}]}, False),
    ({"choices": [CHOICE | {"error": None}]}, False), ({"choices": [CHOICE], "finish_reason": "abort"}, True),
])  # fmt: skip
def test_a_choice_that_failed(event: dict[str, Any], failed: bool) -> None:
    """https://github.com/hotovo/aider-desk/issues/103"""
    answer = Answer()
    fold_openai(answer, json.dumps(event).encode(), 5)
    assert bool(answer.error) is failed


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize(("sent", "failed"), [
    (b"event: error\n\n", True), (b"event: error\ndata:\n\n", True), (b"event: error\n", True),
    (b'event: Error\ndata: {"message":"boom"}\n\n', True),
    (b'event: exception\ndata: {"error":{"message":"boom"}}\n\n', True),
    (b'event: internalServerException\ndata: {"message":"boom"}\n\n', True), (b"event: ping\n\n", False),
    (b"event: ping\ndata:\n\n", False), (b'event: errors_left\ndata: {"n":1}\n\n', False),
    (b'data: {"message":"Internal server error"}\n\n', True),
])  # fmt: skip
def test_events_named_as_errors(name: str, sent: bytes, failed: bool) -> None:
    answer, speaks = Answer(), dialect(name)
    stream = EventStream(answer, speaks.fold, speaks.event_names, speaks.is_ours)
    stream.feed(sent, 5)
    stream.close()
    assert (answer.error is not None) is failed


@pytest.mark.parametrize(("body", "said"), [
    ('{"error": {"message": "quota", "code": 429}}', "quota"), ('{"error": "quota"}\n', "quota"),
    ('{"errors": [{"message": "one"}, "two"]}', "one; two"), ('{"detail": "quota"}', "quota"),
    ('{"detail": [{"loc": ["body", "q"], "msg": "missing"}]}', "missing"),
    ('{"code": 1001, "msg": "no such key"}', "no such key"), ('{"error": {"code": 5}}', '{"code":5}'),
    # vLLM, Gemini; and Ollama in mid-stream
    ('{"object": "error", "message": "too long", "type": "BadRequestError", "code": 400}', "too long"),
    ('[{"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}]', "overloaded"),
    ('[{"error": {"message": "one"}}, {"error": "two"}, 3]', "one; two"), ("[[], [{}], 0]", None),
    ('[{"detail": "one"}, {"code": 1001, "msg": "two"}]', "one; two"),
    ('{"response": "Yes", "done": false}\n{"error": "it broke"}\n', "it broke"),
    (': keep-alive\n\n{"error": "it broke"}', "it broke"),
    ('{"error": ' + "[" * 900 + "1" + "]" * 900 + "}", TOO_DEEP),
    ('{"answer": "whole", "error": null}', None), ('{"message": "an answer"}', None), ("[]", None),
    ('{"object": "chat.completion", "choices": [{"message": {"content": "hi"}}]}', None), ("oops", None),
    ('{"answer": "whole", "detail": "long"}', None), ("", None), ("{", None), ("17", None),
])  # fmt: skip
def test_what_a_body_says_that_is_no_stream(body: str, said: str | None) -> None:
    assert error_of_body(body) == said


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("sent", [
    'data: [{"error":{"message":"one"}},{"error":"two"}]\n\n',
    'data: {"errors":["one",{"message":"two"}]}\n\n',
    'event: error\ndata: [{"error":{"message":"one"}},{"error":"two"}]\n\n',
    'error: ["one","two"]\n\n',
    'event: error\ndata: {"errors":[{"msg":"one"},{"text":"two"}]}\n\n',
])  # fmt: skip
def test_each_of_several_errors_is_said(name: str, sent: str) -> None:
    answer, speaks = Answer(), dialect(name)
    EventStream(answer, speaks.fold, speaks.event_names, speaks.is_ours).feed(sent.encode(), 5)
    assert answer.error == "one; two"


def test_an_error_of_a_type_of_its_own_is_one_in_either_dialect() -> None:
    event = {"object": "error", "type": "BadRequestError", "message": "too long", "code": 400}
    for name in DIALECTS:
        answer = Answer()
        dialect(name).fold(answer, json.dumps(event).encode(), 1)
        assert answer.error == "too long"


def test_an_error_that_is_nested_deeply_ends_nobody() -> None:
    answer = Answer()
    fold_openai(answer, b'{"errors": ' + b"[" * 1000 + b"1" + b"]" * 1000 + b"}", 1)
    assert answer.error == TOO_DEEP


@pytest.mark.parametrize("depth", [50, 985, 1000, 1015, 1020, 5000])
@pytest.mark.parametrize("named", [b"event: error\ndata: %b\n\n", b"data: %b\n\n", b"%b"])
@pytest.mark.parametrize("name", list(DIALECTS))
def test_no_error_is_nested_too_deep_to_be_one(name: str, named: bytes, depth: int) -> None:
    body = b'{"error":{"message":' + b"[" * depth + b"]" * depth + b"}}"
    answer = Answer()
    EventStream(answer, dialect(name).fold).feed(named % body, 1)
    assert answer.error or not named.startswith((b"event", b"data"))
    assert error_of_body(body.decode()) or depth > 900
