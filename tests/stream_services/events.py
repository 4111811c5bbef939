"""Events that are more or less than a chunk each, and what they count."""

import json
from typing import Any

from stream_services.service import DONE, HELLO, STOP, delta, headers, send, service, usage, whole


@service(tokens=2, generated=1, first=1)
def a_ping_whose_data_is_a_time(talk: Any) -> None:
    """sse-starlette's default, every 15 s."""
    ping = b"event: ping\r\ndata: 2025-03-01 12:00:00.000000\r\n\r\n"
    whole(talk, ping, HELLO[0], ping, HELLO[1], STOP, DONE)


@service(tokens=2, generated=1, first=1)
def a_comment_wrapped_up_as_data(talk: Any) -> None:
    """https://github.com/mnfst/llm-gateway/issues/2053"""
    whole(talk, b"data: : OPENROUTER PROCESSING\n\n", *HELLO, STOP, DONE)


@service(tokens=2, generated=1, first=1)
def nothing_to_keep_alive(talk: Any) -> None:
    """Gateways that say ``null`` while they wait."""
    nothing = b"data: null\n\n"
    whole(talk, nothing, HELLO[0], nothing, HELLO[1], STOP, nothing, DONE)


@service(tokens=2, generated=2, first=2)
def comments_without_a_word(talk: Any) -> None:
    """Dynamo: https://github.com/triton-inference-server/triton_distributed/issues/264"""
    whole(talk, b": \n\n", b":\n\n", *HELLO, STOP, DONE)


@service(tokens=2, generated=1, first=1)
def chunks_that_have_a_name(talk: Any) -> None:
    """OpenAI's own client reads an event's data, whatever its name; what is no chunk is for somebody else:
    https://github.com/anomalyco/opencode/issues/38106"""
    other = b'event: hermes.tool.progress\ndata: {"status":"error","message":"no tool"}\n\n'
    named = (b"event: result\ndata: %b\n\n" % json.dumps(piece).encode() for piece in (*HELLO, STOP))
    whole(talk, other, *named, b"event: done\ndata: [DONE]\n\n")


@service(outcome="stream_error", error="the request exceeds the available context size")
def an_error_where_a_field_was_due(talk: Any) -> None:
    """llama.cpp through 2025: https://github.com/ggml-org/llama.cpp/pull/16109"""
    error = b'error: {"code":400,"message":"the request exceeds the available context size"}\n\n'
    whole(talk, error, DONE)


@service(outcome="stream_error", error="request (N tokens) exceeds the available context size")
def an_error_in_no_field_at_all(talk: Any) -> None:
    """Lemonade hands its engine's on: https://github.com/lemonade-sdk/lemonade/issues/2826"""
    error = b'{"error":{"code":400,"message":"request (6009 tokens) exceeds the available context size"}}'
    whole(talk, *HELLO, error)


@service(outcome="stream_error", error="Provider disconnected")
def an_error_of_one_choice(talk: Any) -> None:
    """OpenRouter's answers have an ``error`` in each choice."""
    failed = delta(content="")
    failed["choices"][0]["error"] = {"code": 502, "message": "Provider disconnected"}
    whole(talk, *HELLO, failed, DONE)


@service(outcome="stream_error", error="over_capacity")
def an_error_under_x_groq(talk: Any) -> None:
    """Groq's SDKs know it beside a chunk's choices."""
    whole(talk, *HELLO, STOP | {"x_groq": {"id": "r", "error": "over_capacity"}}, DONE)


@service(tokens=2, generated=0, first=0)
def an_error_that_says_nothing(talk: Any) -> None:
    """Fields that a gateway fills in with the empty values of its language."""
    whole(talk, *(piece | {"error": {"code": 0, "message": ""}} for piece in (*HELLO, STOP)), DONE)


@service(
    outcome="stream_error",
    error='an event is not JSON: {"choices": [{"index": N, "delta": {}}]} {"choices": []}',
)
def two_chunks_without_a_blank_line(talk: Any) -> None:
    """One event by the standard, and no client of OpenAI's reads it:
    https://github.com/rexxars/eventsource-parser/pull/31"""
    whole(
        talk, *HELLO, b'data: {"choices": [{"index": 0, "delta": {}}]}\ndata: {"choices": []}\n\n', STOP, DONE
    )


@service(outcome="stream_error", error='an event is not JSON: {"object":"chat.cdata: {"choices":[]}')
def a_chunk_within_a_chunk(talk: Any) -> None:
    """z.ai: https://github.com/zai-org/GLM-5/issues/66"""
    whole(talk, *HELLO, b'data: {"object":"chat.cdata: {"choices":[]}\n\n', STOP, DONE)


@service(outcome="stream_error", error="EngineCore encountered an issue")
def an_error_after_tokens(talk: Any) -> None:
    """vLLM: https://github.com/vllm-project/vllm/pull/57519"""
    error = {"message": "EngineCore encountered an issue", "type": "InternalServerError", "code": 500}
    whole(talk, *HELLO, {"error": error}, DONE)


@service(outcome="stream_error", error='{"code": 503, "message": "busy"}'.replace('"', "'"))
def an_error_without_its_envelope(talk: Any) -> None:
    """A code and a message where a chunk was due."""
    whole(talk, *HELLO, {"code": 503, "message": "busy"}, DONE)


@service(
    outcome="http_error",
    error="HTTP 200 without events (text/event-stream) event: content_block_delta data: {}",
)
def another_apis_events(talk: Any) -> None:
    """Anthropic's, asked as OpenAI's: what was seen is said."""
    whole(talk, b"event: content_block_delta\ndata: {}\n\n")


@service(
    outcome="http_error",
    error='HTTP 200 without events (text/event-stream) data: {"token": {"text": "Hello"}}',
)
def another_apis_events_without_names(talk: Any) -> None:
    """TGI's own, asked as OpenAI's."""
    whole(talk, {"token": {"text": "Hello"}})


@service(
    outcome="http_error",
    error='HTTP 200 without events (application/x-ndjson) {"message":{"content":"Hi"}} {"done":true}',
)
def lines_of_json(talk: Any) -> None:
    """Ollama's own API."""
    headers(talk, kind="application/x-ndjson")
    send(talk, b'{"message":{"content":"Hi"}}\n', b'{"done":true}\n')
    talk.done()


@service(
    outcome="http_error",
    error='HTTP 200 without events (application/json) {"choices":[{"message":{"content":"Hi"}}]}',
)
def an_answer_that_is_not_streamed(talk: Any) -> None:
    """A gateway that passes over ``stream``: what came at once says nothing of a stream."""
    body = b'{"choices":[{"message":{"content":"Hi"}}]}'
    headers(talk, f"Content-Length: {len(body)}\r\n", "application/json")
    talk.raw(body)


@service(tokens=5, source="usage", generated=0, first=0)
def usage_of_nothing_but_once(talk: Any) -> None:
    """Empty counts in each other chunk: https://github.com/router-for-me/CLIProxyAPI/pull/3077"""
    empty = {"usage": usage(0, 0)["usage"]}
    whole(
        talk, *(piece | empty for piece in HELLO), STOP | {"usage": usage(9, 5)["usage"]}, STOP | empty, DONE
    )


@service(tokens=13, source="usage", generated=0, first=0)
def usage_within_a_choice(talk: Any) -> None:
    """Moonshot: https://github.com/northes/go-moonshot/issues/17"""
    last = delta("stop")
    last["choices"][0]["usage"] = usage(19, 13)["usage"]
    whole(talk, *HELLO, last, DONE)


@service(tokens=7, source="usage", generated=0, first=0)
def usage_under_x_groq(talk: Any) -> None:
    """Groq puts its counts beside its request's id."""
    whole(talk, *HELLO, STOP | {"x_groq": {"id": "r", "usage": usage(9, 7)["usage"]}}, DONE)


@service(tokens=5, source="usage", generated=0, first=0)
def usage_in_every_chunk(talk: Any) -> None:
    """vLLM's continuous_usage_stats: the last is the whole answer's."""
    counted = (piece | {"usage": usage(9, n)["usage"]} for n, piece in zip((2, 5), HELLO, strict=True))
    whole(talk, *counted, STOP, DONE)
