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


BOOM = {"message": "boom"}
PARTS = {"role": "agent", "parts": [{"kind": "text", "text": "boom"}]}
NAMED: list[tuple[dict[str, Any], str]] = [
    # AG-UI, whose runs are over with it: https://github.com/agentscope-ai/agentscope-java/issues/2642
    ({"type": "RUN_ERROR", "message": "boom", "code": "E1"}, "boom"),
    # Flowise: https://github.com/FlowiseAI/Flowise/issues/5592
    ({"event": "error", "data": "boom"}, "boom"), ({"event": "abort"}, "abort"),
    ({"event": "error", "status": 400, "code": "invalid_param", "message": "boom"}, "boom"),  # Dify
    ({"event": "workflow_finished", "data": {"status": "failed", "error": "boom"}}, "boom"),
    ({"type": "error", "errorText": "boom"}, "boom"),  # AI SDK
    ({"type": "finish", "finishReason": "error"}, "finish_reason is error"),
    ({"type": "error", "error": {"type": "overloaded_error", "message": "boom"}}, "boom"),  # Anthropic
    ({"type": "response.failed", "response": {"status": "failed", "error": BOOM}}, "boom"),  # OpenAI
    ({"type": "response.failed", "response": {"status": "failed", "error": None}}, "failed"),
    ({"type": "modelStreamErrorException", "message": "boom"}, "boom"),  # Bedrock
    ({"event": "on_llm_error", "data": {"error": "boom"}}, "boom"),  # LangChain
    ({"event": "on_chain_error", "name": "RunnableSequence", "data": BOOM}, "boom"),
    # A2A, with and without JSON-RPC: https://github.com/a2aproject/a2a-python/pull/147
    ({"kind": "status-update", "status": {"state": "failed", "message": PARTS}, "final": True}, "boom"),
    ({"jsonrpc": "2.0", "result": {"status": {"state": "failed", "message": PARTS}}}, "boom"),
    ({"statusUpdate": {"status": {"state": "TASK_STATE_FAILED", "message": PARTS}}}, "boom"),
    ({"state": "failed"}, "failed"), ({"status": "failed"}, "failed"), ({"status": "Run.Aborted"}, "Run"),
    ({"event": "message", "data": {"status": "failed", "last_error": {"code": 1, "msg": "boom"}}}, "boom"),
    ({"done": True, "done_reason": "error"}, "finish_reason is error"), ({"stop_reason": "error"}, "error"),
    ({"type": "message", "content": "boom", "is_error": True}, "boom"), ({"isError": True}, "isError"),
    ({"type": "result", "is_error": True, "result": "boom"}, "boom"), ({"failed": True}, "failed"),
    ({"hasErrors": "true"}, "hasErrors"), ({"type": "stream_error"}, "stream_error"),
    ({"type": "failed"}, "failed"), ({"type": "streamError"}, "streamError"),
    ({"kind": "Failure"}, "Failure"),
    ({"event": {"type": "chat:message:error", "data": {"error": {"content": "boom"}}}}, "boom"),
    # The name is plainly an error's, wherever it came from.
    ({"type": "error", "tool": "search", "message": "boom"}, "boom"),
]  # fmt: skip
STEPS: list[dict[str, Any]] = [
    {"type": "tool_result", "tool_use_id": "t", "is_error": True, "content": "no such file"},
    {"type": "tool-output-error", "toolCallId": "c", "errorText": "no such file"},
    {"event": "on_tool_error", "data": {"error": "no such file"}}, {"type": "tool_error", "error": "no file"},
    {"type": "response.mcp_call.failed", "item_id": "m"}, {"role": "tool", "status": "error", "content": "x"},
    {"event": "node_finished", "data": {"status": "failed", "error": "x"}}, {"event": "node_exception"},
    {"type": "thread.run.step.failed", "last_error": {"code": "x", "message": "x"}},
    {"type": "retry", "error": "503", "attempt": 2}, {"type": "warning", "error": "slow", "code": 500},
    {"type": "message", "tool_name": "search", "status": "failed"},
    {"event": "message", "data": {"type": "tool", "status": "error"}}, {"type": "FunctionCallFailed"},
]  # fmt: skip
"""Of an answer that goes on."""


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
        ({"type": "about:blank", "title": "no", "detail": "no quota"}, "no quota"),
        *NAMED,
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
    {"cost": "0.0001", "choices": []}, {}, *STEPS,
    # What a model, or a document, says; what counts; what is another thing's name.
    {"type": "message", "content": "error", "delta": "failed", "text": "RUN_ERROR"},
    {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "it failed"}},
    {"status": "Looking up why it failed"}, {"type": "source", "kind": "exception", "name": "ValueError"},
    {"failed": 2, "errors_left": True}, {"is_error": False, "isError": "false", "failed": None},
    {"type": "error_rate", "value": 0.1}, {"status": "no_error"}, {"state": {"error": "boom"}},
    {"type": "progress", "detail": "page 3"}, {"event": "end", "data": "[DONE]"}, {"type": ["error"]},
    {"type": "response.completed", "response": {"status": "completed", "error": None}},
    {"type": "response.incomplete", "response": {"status": "incomplete"}}, {"stop_reason": "end_turn"},
    {"done": True, "done_reason": "length"}, {"status": {"state": "working"}}, {"type": "RUN_FINISHED"},
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


def _asked(*events: dict[str, Any]) -> Answer:
    answer, speaks = Answer(), dialect("ask")
    stream = EventStream(answer, speaks.fold, speaks.event_names, speaks.is_ours)
    tokens = [{"type": "token", "content": text} for text in ("One", " two", " three")]
    for event in (*tokens, *events, {"type": "complete"}):
        stream.feed(b"data: %b\n\n" % json.dumps(event).encode(), 5)
    return answer


@pytest.mark.parametrize(("event", "said"), NAMED)
def test_an_answer_that_failed_is_not_mended_by_its_end(event: dict[str, Any], said: str) -> None:
    answer = _asked(event)
    assert said in str(answer.error)
    assert answer.ended_ns is not None


@pytest.mark.parametrize("event", STEPS)
def test_an_answer_goes_on_where_a_step_failed(event: dict[str, Any]) -> None:
    assert _asked(event).error is None


@pytest.mark.parametrize("event", [
    {"type": "status", "message": "failed", "error": "boom"}, {"type": "end", "failed": True},
    {"type": "documents", "data": [], "status": "failed"}, {"type": "later", "message": "of a newer service"},
])  # fmt: skip
def test_of_our_own_events_other_fields_say_nothing(event: dict[str, Any]) -> None:
    assert _asked(event).error is None


def test_a_stop_string_that_is_called_error_is_no_error() -> None:
    """vLLM says in a choice's ``stop_reason`` at which of the strings asked for it stopped."""
    answer = Answer()
    ended = CHOICE | {"finish_reason": "stop", "stop_reason": "error"}
    fold_openai(answer, json.dumps({"choices": [ended]}).encode(), 5)
    assert answer.error is None


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize(("sent", "failed"), [
    (b"event: error\n\n", True), (b"event: error\ndata:\n\n", True), (b"event: error\n", True),
    (b'event: Error\ndata: {"message":"boom"}\n\n', True),
    (b'event: exception\ndata: {"error":{"message":"boom"}}\n\n', True),
    (b'event: internalServerException\ndata: {"message":"boom"}\n\n', True), (b"event: ping\n\n", False),
    (b"event: ping\ndata:\n\n", False), (b'event: errors_left\ndata: {"n":1}\n\n', False),
    (b'data: {"message":"Internal server error"}\n\n', True), (b"event: run_aborted\n\n", True),
    (b'event: conversation.chat.failed\ndata: {"last_error":{"msg":"boom"}}\n\n', True),
    (b'event: on_tool_error\ndata: {"error":"boom"}\n\n', False), (b"event: no_error\ndata: {}\n\n", False),
    (b"event: response.mcp_list_tools.failed\ndata: {}\n\n", False),
    (b"event: " + b"x" * 90 + b"-error\n\n", False),
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
