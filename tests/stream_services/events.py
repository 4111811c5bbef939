"""Events that are more or less than a chunk each, and what they count."""

import json
from typing import Any

from stream_services.service import DONE, HELLO, STOP, bad, delta, good, headers, scripted, send, usage

# fmt: off
PING = b"event: ping\r\ndata: 2025-03-01 12:00:00.000000\r\n\r\n"
NULL = b"data: null\n\n"
NAMED = [b"event: result\ndata: %b\n\n" % json.dumps(piece).encode() for piece in (*HELLO, STOP)]
UNKNOWN = "HTTP 200 without events"

good("a-ping-whose-data-is-a-time", "sse-starlette's default, every 15 s", PING, HELLO[0], PING, HELLO[1],
     STOP, DONE, generated=1, first=1)
good("a-comment-wrapped-up-as-data", "https://github.com/mnfst/llm-gateway/issues/2053",
     b"data: : OPENROUTER PROCESSING\n\n", *HELLO, STOP, DONE, generated=1, first=1)
good("nothing-to-keep-alive", "gateways that say null while they wait", NULL, HELLO[0], NULL, HELLO[1], STOP,
     NULL, DONE, generated=1, first=1)
good("comments-without-a-word", "https://github.com/triton-inference-server/triton_distributed/issues/264",
     b": \n\n", b":\n\n", *HELLO, STOP, DONE, generated=2, first=2)
# OpenAI's own client reads an event's data, whatever its name; what is no chunk is for somebody else.
good("chunks-that-have-a-name", "https://github.com/anomalyco/opencode/issues/38106",
     b'event: hermes.tool.progress\ndata: {"status":"error","message":"no tool"}\n\n', *NAMED,
     b"event: done\ndata: [DONE]\n\n", generated=1, first=1)
bad("an-error-where-a-field-was-due", "https://github.com/ggml-org/llama.cpp/pull/16109",
    "the request exceeds the available context size",
    b'error: {"code":400,"message":"the request exceeds the available context size"}\n\n', DONE)
bad("an-error-in-no-field-at-all", "https://github.com/lemonade-sdk/lemonade/issues/2826",
    "request (N tokens) exceeds the available context size", *HELLO,
    b'{"error":{"code":400,"message":"request (6009 tokens) exceeds the available context size"}}')
# As Gemini lists them.
bad("a-list-of-errors-in-no-field", "https://github.com/googleapis/js-genai/issues/1973", "no quota; later",
    *HELLO, b'[{"error":{"message":"no quota"}},{"error":"later"}]\n\n', DONE)
bad("errors-on-many-lines-in-no-field", "https://github.com/googleapis/js-genai/issues/1973", "no quota",
    *HELLO, b'[{\n  "error": {\n    "code": 429,\n    "message": "no quota"\n  }\n}\n]\n\n', DONE)
bad("an-error-on-many-lines-at-the-end", "https://cloud.google.com/apis/design/errors", "no quota",
    *HELLO, b'{\r\n  "error": {\r\n    "code": 429,\r\n    "message": "no quota"\r\n  }\r\n}')
failed = delta(content="")
failed["choices"][0]["error"] = {"code": 502, "message": "Provider disconnected"}
bad("an-error-of-one-choice", "OpenRouter's answers", "Provider disconnected", *HELLO, failed, DONE)
bad("an-error-under-x-groq", "Groq's SDKs know it beside a chunk's choices", "over_capacity", *HELLO,
    STOP | {"x_groq": {"id": "r", "error": "over_capacity"}}, DONE)
good("an-error-that-says-nothing", "gateways fill fields in with the empty values of their language",
     *(piece | {"error": {"code": 0, "message": ""}} for piece in (*HELLO, STOP)), DONE)
# One event by the standard, and no client of OpenAI's reads it.
bad("two-chunks-without-a-blank-line", "https://github.com/rexxars/eventsource-parser/pull/31",
    'an event is not JSON: {"choices": [{"index": N, "delta": {}}]} {"choices": []}', *HELLO,
    b'data: {"choices": [{"index": 0, "delta": {}}]}\ndata: {"choices": []}\n\n', STOP, DONE)
bad("a-chunk-within-a-chunk", "https://github.com/zai-org/GLM-5/issues/66",
    'an event is not JSON: {"object":"chat.cdata: {"choices":[]}', *HELLO,
    b'data: {"object":"chat.cdata: {"choices":[]}\n\n', STOP, DONE)
error = {"message": "EngineCore encountered an issue", "type": "InternalServerError", "code": 500}
bad("an-error-after-tokens", "https://github.com/vllm-project/vllm/pull/57519",
    "EngineCore encountered an issue", *HELLO, {"error": error}, DONE)
bad("an-error-without-its-envelope", "a code and a message where a chunk was due",
    "{'code': 503, 'message': 'busy'}", *HELLO, {"code": 503, "message": "busy"}, DONE)
bad("another-apis-events", "Anthropic's, asked as OpenAI's: what was seen is said",
    f"{UNKNOWN} (text/event-stream) event: content_block_delta data: {{}}",
    b"event: content_block_delta\ndata: {}\n\n", outcome="http_error")
bad("another-apis-events-without-names", "TGI's own, asked as OpenAI's",
    f'{UNKNOWN} (text/event-stream) data: {{"token": {{"text": "Hello"}}}}', {"token": {"text": "Hello"}},
    outcome="http_error")


@scripted(
    outcome="http_error",
    error=f'{UNKNOWN} (application/x-ndjson) {{"message":{{"content":"Hi"}}}} {{"done":true}}',
)
def lines_of_json(talk: Any) -> None:
    """Ollama's own API."""
    headers(talk, kind="application/x-ndjson")
    send(talk, b'{"message":{"content":"Hi"}}\n', b'{"done":true}\n')
    talk.done()


BODY = '{"choices":[{"message":{"content":"Hi"}}]}'


@scripted(outcome="http_error", error=f"{UNKNOWN} (application/json) {BODY}")
def an_answer_that_is_not_streamed(talk: Any) -> None:
    """A gateway that passes over ``stream``: what came at once says nothing of a stream."""
    headers(talk, f"Content-Length: {len(BODY)}\r\n", "application/json")
    talk.raw(BODY.encode())


EMPTY = {"usage": usage(0, 0)["usage"]}
good("usage-of-nothing-but-once", "https://github.com/router-for-me/CLIProxyAPI/pull/3077",
     *(piece | EMPTY for piece in HELLO), STOP | {"usage": usage(9, 5)["usage"]}, STOP | EMPTY, DONE,
     tokens=5, source="usage")
counted = delta("stop")
counted["choices"][0]["usage"] = usage(19, 13)["usage"]
good("usage-within-a-choice", "https://github.com/northes/go-moonshot/issues/17", *HELLO, counted, DONE,
     tokens=13, source="usage")
good("usage-under-x-groq", "Groq puts its counts beside its request's id", *HELLO,
     STOP | {"x_groq": {"id": "r", "usage": usage(9, 7)["usage"]}}, DONE, tokens=7, source="usage")
good("usage-in-every-chunk", "vLLM's continuous_usage_stats: the last is the whole answer's",
     *(piece | {"usage": usage(9, n)["usage"]} for n, piece in zip((2, 5), HELLO, strict=True)), STOP, DONE,
     tokens=5, source="usage")
