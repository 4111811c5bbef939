"""What services really send, byte by byte, and what must be made of it (TRAPS 1-10).

Each script below is an answer as somebody's service was seen to send it, with where it was reported, and
what is right. It is asked for over plain HTTP and over TLS, by the client alone and by a whole sweep.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from loadgen.client.connect import connection
from loadgen.client.connection import Timeouts
from loadgen.tasks.ask.dialects import dialect
from loadgen.tasks.ask.reading import AnswerExchange, Asker
from support import sweep

ROOT = Path(__file__).resolve().parents[2]
EARLY_NS = 5_000_000
PAUSE_S = 0.02
CHUNKED = "Transfer-Encoding: chunked\r\n"


@dataclass(frozen=True, kw_only=True)
class Service:
    """A script, and what is right. ``first``, ``generated``: the piece that holds the first token of the
    answer, and of any kind."""

    script: Callable[[Any], None]
    dialect: str = "openai"
    outcome: str = "ok"
    error: str | None = None
    tokens: int = 0
    source: str = "events"
    first: int | None = None
    generated: int | None = None
    row: bool = False
    """It is measured by a sweep, too."""

    @property
    def name(self) -> str:
        return self.script.__name__.replace("_", "-")


SERVICES: list[Service] = []


def service(**right: Any) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    def register(script: Callable[[Any], None]) -> Callable[[Any], None]:
        SERVICES.append(Service(script=script, **right))
        return script

    return register


def headers(talk: Any, extra: str = CHUNKED, kind: str = "text/event-stream", status: str = "200 OK") -> None:
    talk.raw(f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{extra}\r\n".encode())


def send(talk: Any, *pieces: bytes | dict[str, Any]) -> None:
    """Each in a chunk of its own, a little after the one before."""
    for piece in pieces:
        time.sleep(PAUSE_S)
        talk.chunk(piece if isinstance(piece, bytes) else b"data: %b\n\n" % json.dumps(piece).encode())


def delta(finish: Any = None, **fields: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": fields, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "choices": [choice]}


def usage(prompt: int, completion: int, total: int | None = None, **more: Any) -> dict[str, Any]:
    counts = {"prompt_tokens": prompt, "completion_tokens": completion}
    counts |= {"total_tokens": prompt + completion if total is None else total}
    return {"choices": [], "usage": counts | more}


DONE = b"data: [DONE]\n\n"
HELLO = (delta(content="Hello"), delta(content=" there"))
STOP = delta("stop")


def whole(talk: Any, *pieces: bytes | dict[str, Any], extra: str = CHUNKED) -> None:
    headers(talk, extra)
    send(talk, *pieces)
    talk.done()


# -- a delta's fields


@service(row=True, tokens=2, generated=1, first=3)
def thoughts_that_usage_counts_without_a_split(talk: Any) -> None:
    """vLLM with a reasoning parser: https://github.com/kubernetes-sigs/inference-perf/issues/559"""
    thoughts = (delta(reasoning_content="Let me"), delta(reasoning_content=" think"))
    whole(talk, delta(role="assistant", content=""), *thoughts, *HELLO, STOP, usage(9, 402), DONE)


@service(tokens=2, source="usage", generated=0, first=2)
def thoughts_under_another_name_with_a_split(talk: Any) -> None:
    """OpenRouter, ``reasoning`` beside ``reasoning_details``; counts as OpenAI's, thoughts among them."""
    thought = delta(content="", reasoning="Hm", reasoning_details=[{"type": "reasoning.text", "text": "Hm"}])
    split = usage(9, 402, completion_tokens_details={"reasoning_tokens": 400})
    whole(talk, thought, thought, *HELLO, STOP, split, DONE)


@service(row=True, tokens=3, source="usage", generated=0, first=1)
def usage_that_leaves_thoughts_out(talk: Any) -> None:
    """xAI: total = prompt + completion + reasoning."""
    counts = usage(9, 3, 327, completion_tokens_details={"reasoning_tokens": 315})
    whole(talk, delta(reasoning_content="Hm"), *HELLO, STOP, counts, DONE)


@service(tokens=4, source="usage", generated=0, first=0)
def a_total_that_alone_knows_of_thoughts(talk: Any) -> None:
    """Gemini's OpenAI endpoint: what was thought is in the total only, and is not streamed."""
    whole(talk, *HELLO, STOP, usage(9, 4, 513), DONE)


@service(tokens=2, generated=0, first=0)
def fewer_tokens_counted_than_seen(talk: Any) -> None:
    """Counts of zero at the end of a stream that had tokens."""
    whole(talk, *HELLO, STOP, usage(9, 0), DONE)


@service(row=True, tokens=0, generated=0)
def thoughts_and_no_answer(talk: Any) -> None:
    """The limit of tokens was reached while it thought."""
    whole(talk, delta(reasoning="So"), delta(reasoning=" then"), delta("length"), DONE)


@service(tokens=2, generated=0, first=1)
def thoughts_as_a_list_of_parts(talk: Any) -> None:
    """Mistral's Magistral: https://github.com/BerriAI/litellm/issues/16272"""
    thought = [{"type": "thinking", "thinking": [{"type": "text", "text": "a greeting"}]}]
    said = [{"type": "text", "text": "Hello"}]
    whole(talk, delta(content=thought), delta(content=said), delta(content=" there"), STOP, DONE)


@service(tokens=2, generated=0, first=3)
def thoughts_as_text_between_marks(talk: Any) -> None:
    """DeepSeek-R1 without a reasoning parser: https://github.com/langchain-ai/langchainjs/pull/9726"""
    thoughts = (delta(content=text) for text in ("<think>", "Hm", "\n</think>\n\n"))
    whole(talk, *thoughts, *HELLO, STOP, usage(9, 402), DONE)


@service(tokens=2, generated=0, first=3)
def thoughts_that_the_prompt_began(talk: Any) -> None:
    """Only the closing mark is sent: https://github.com/kvcache-ai/ktransformers/issues/129"""
    thoughts = (delta(content=text) for text in ("So", " then", "</think>"))
    whole(talk, *thoughts, *HELLO, STOP, DONE)


@service(tokens=2, source="usage", generated=0, first=1)
def thoughts_in_blocks(talk: Any) -> None:
    """LiteLLM, of Anthropic's models and Mistral's: https://github.com/BerriAI/litellm/pull/16434"""
    thought = delta(content="", thinking_blocks=[{"type": "thinking", "thinking": "Hm", "signature": None}])
    split = usage(9, 402, completion_tokens_details={"reasoning_tokens": 400})
    whole(talk, thought, *HELLO, STOP, split, DONE)


@service(tokens=2, generated=0, first=1)
def thoughts_that_are_enciphered(talk: Any) -> None:
    """OpenRouter, of OpenAI's models: that there were some is all that is told."""
    detail = {"type": "reasoning.encrypted", "data": "gAAAAA", "index": 0}
    whole(talk, delta(content="", reasoning_details=[detail]), *HELLO, STOP, usage(9, 402), DONE)


@service(tokens=2, generated=0, first=5)
def thoughts_in_a_channel(talk: Any) -> None:
    """gpt-oss whose channels nobody parses: https://github.com/ml-explore/mlx-lm/pull/1867"""
    begin = (delta(content=text) for text in ("<|channel|>", "analysis", "<|message|>", "Hm"))
    end = delta(content="<|end|><|start|>assistant<|channel|>final<|message|>")
    whole(talk, *begin, end, *HELLO, STOP, usage(9, 402), DONE)


@service(tokens=2, generated=0, first=3)
def thoughts_between_other_marks(talk: Any) -> None:
    """Magistral without a parser: https://github.com/waybarrios/vllm-mlx/pull/599"""
    thoughts = (delta(content=text) for text in ("[THINK]", "Hm", ".[/THINK]"))
    whole(talk, *thoughts, *HELLO, STOP, DONE)


@service(tokens=2, generated=0, first=2)
def thoughts_between_geminis_marks(talk: Any) -> None:
    """Gemini's OpenAI endpoint, asked for thoughts: those of a chunk are marked beside it, too."""
    thought = delta(content="<thought>Hm", extra_content={"google": {"thought": True}})
    whole(talk, thought, delta(content="</thought>"), *HELLO, STOP, DONE)


@service(tokens=2, generated=1, first=1)
def deltas_that_are_null_or_missing(talk: Any) -> None:
    """Azure, with its filter's findings in chunks of their own:
    https://github.com/microsoft/agent-framework/pull/5734, https://github.com/microsoft/autogen/issues/6465"""
    first = {"id": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]}
    found = {"choices": [{"index": 0, "finish_reason": None, "content_filter_results": {}}]}
    last = {"choices": [{"index": 0, "finish_reason": "stop", "delta": None}]}
    whole(talk, first, *HELLO, found, last, DONE)


@service(tokens=3, generated=0, first=0)
def two_answers_at_a_time(talk: Any) -> None:
    """n = 2: what comes first in any choice counts, https://github.com/langchain-ai/langsmith-go/pull/67"""
    second = {"index": 1, "delta": {"content": "Hi"}, "finish_reason": None}
    both = {"choices": [*delta(content="Hello")["choices"], second]}
    whole(talk, {"choices": [second]}, both, STOP, {"choices": [second | {"finish_reason": "stop"}]}, DONE)


@service(tokens=2, generated=0, first=0)
def a_number_that_is_none(talk: Any) -> None:
    """A logprob of NaN is not JSON, and Python's clients read it."""
    odd = b'data: {"choices":[{"index":0,"delta":{"content":"Hello"},"logprobs":[NaN,-Infinity]}]}\n\n'
    whole(talk, odd, HELLO[1], STOP, DONE)


@service(tokens=2, generated=0, first=0)
def an_answer_that_is_spoken(talk: Any) -> None:
    """OpenAI: a delta's audio holds what is said, or its sound."""
    whole(talk, delta(audio={"id": "a", "transcript": "Hello"}), delta(audio={"data": "UklG"}), STOP, DONE)


@service(tokens=2, generated=1, first=1)
def a_tool_is_called(talk: Any) -> None:
    """The arguments of a call are what is answered."""

    def call(arguments: str, **more: Any) -> dict[str, Any]:
        return delta(tool_calls=[{"index": 0, "function": {"arguments": arguments} | more}])

    whole(talk, call("", name="find"), call('{"q":'), call('"x"}'), delta("tool_calls"), DONE)


@service(tokens=2, generated=0, first=0)
def a_refusal(talk: Any) -> None:
    """OpenAI: a refusal has a field of its own."""
    whole(talk, delta(refusal="I can't"), delta(refusal=" do that"), STOP, DONE)


# -- how an answer ends


@service(row=True, outcome="stream_error", error="finish_reason is abort")
def an_engine_that_gave_up(talk: Any) -> None:
    """SGLang and vLLM end an aborted request so."""
    whole(talk, *HELLO, delta("abort"), DONE)


@service(outcome="stream_error", error="finish_reason is cancelled")
def a_reason_in_other_letters(talk: Any) -> None:
    """Gateways write reasons as their own languages do."""
    whole(talk, *HELLO, delta("CANCELLED"), DONE)


@service(tokens=2, generated=0, first=0)
def an_unknown_reason(talk: Any) -> None:
    """It passes, and is counted."""
    whole(talk, *HELLO, delta("sampler_says_so"), DONE)


@service(tokens=2, generated=0, first=0)
def a_reason_that_is_empty_until_the_end(talk: Any) -> None:
    """SGLang, Ollama: https://github.com/sgl-project/sglang/issues/3912"""
    whole(talk, delta("", content="Hello"), delta("", content=" there"), delta("stop", content=""), DONE)


@service(tokens=2, generated=0, first=0)
def a_mark_of_the_end_that_no_blank_line_follows(talk: Any) -> None:
    """llama.cpp: https://github.com/darshi1337/apogee/pull/139"""
    whole(talk, *HELLO, b"data: [DONE]")


@service(row=True, outcome="truncated", error="the stream ended without its terminal event")
def a_reason_that_is_the_word_null(talk: Any) -> None:
    """KoboldCpp: https://github.com/PowerShell/AIShell/issues/350. It says nothing, and nothing ends it."""
    whole(talk, delta("null", content="Hello"), delta("null", content=" there"))


@service(tokens=2, generated=0, first=0)
def no_done_after_a_reason(talk: Any) -> None:
    """Many gateways: https://github.com/open-learning-exchange/planet/pull/10281"""
    whole(talk, *HELLO, STOP)


@service(outcome="truncated", error="connection closed in the middle of the answer")
def a_reason_and_no_whole_body(talk: Any) -> None:
    """The last chunk never came."""
    headers(talk)
    send(talk, *HELLO, STOP)
    talk.close()


# -- events


@service(tokens=2, generated=1, first=1)
def a_ping_whose_data_is_a_time(talk: Any) -> None:
    """sse-starlette's default, every 15 s."""
    ping = b"event: ping\r\ndata: 2025-03-01 12:00:00.000000\r\n\r\n"
    whole(talk, ping, HELLO[0], ping, HELLO[1], STOP, DONE)


@service(tokens=2, generated=1, first=1)
def a_comment_wrapped_up_as_data(talk: Any) -> None:
    """https://github.com/mnfst/llm-gateway/issues/2053"""
    whole(talk, b"data: : OPENROUTER PROCESSING\n\n", *HELLO, STOP, DONE)


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


# -- usage


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


# -- HTTP


@service(tokens=2, generated=0, first=0)
def a_coding_that_is_none(talk: Any) -> None:
    """The Vercel AI SDK sends ``Content-Encoding: none`` with every stream."""
    whole(talk, *HELLO, STOP, DONE, extra=f"Content-Encoding: none\r\n{CHUNKED}")


@service(tokens=2, generated=0, first=0)
def a_length_beside_chunks(talk: Any) -> None:
    """A proxy that adds one: RFC 9112, 6.3 has the chunks win."""
    whole(talk, *HELLO, STOP, DONE, extra=f"Content-Length: 17\r\n{CHUNKED}")


@service(tokens=2, generated=0, first=0)
def blanks_after_a_chunks_size(talk: Any) -> None:
    """Old servers pad the size of a chunk."""
    headers(talk)
    for piece in (*HELLO, STOP):
        time.sleep(PAUSE_S)
        data = b"data: %b\n\n" % json.dumps(piece).encode()
        talk.raw(b"%x  \r\n%b\r\n" % (len(data), data))
    talk.done()


@service(
    row=True,
    outcome="http_error",
    error='HTTP 200 without events (application/json) {"code":429,"message":"out of quota"}',
)
def no_quota_left(talk: Any) -> None:
    """HTTP 200 with an error for its body."""
    body = b'{"code":429,"message":"out of quota"}'
    headers(talk, f"Content-Length: {len(body)}\r\n", "application/json")
    talk.raw(body)


@service(
    outcome="http_error",
    error='HTTP 200 without events (application/json) {"code":429,"message":"out of quota"}',
)
def no_quota_left_and_no_end(talk: Any) -> None:
    """The same, on a connection that stays open and with no length."""
    headers(talk, "", "application/json")
    talk.raw(b'{"code":429,"message":"out of quota"}')
    linger(talk)


@service(row=True, outcome="http_error", error="HTTP 503 no healthy upstream")
def a_refusal_without_a_length(talk: Any) -> None:
    """A gateway that keeps the connection open and says no length."""
    headers(talk, "", "text/plain", "503 Service Unavailable")
    talk.raw(b"no healthy upstream")
    linger(talk)


@service(tokens=2, generated=0, first=0)
def hints_extensions_and_trailers(talk: Any) -> None:
    """What HTTP has beside an answer: early hints, a chunk's extension, fields after the last chunk."""
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream;charset=UTF-8\r\nTrailer: X\r\n"
    talk.raw(early + head + CHUNKED.encode() + b"\r\n")
    for piece in (*HELLO, STOP):
        time.sleep(PAUSE_S)
        data = b"data: %b\n\n" % json.dumps(piece).encode()
        talk.raw(b'%x;sig="a;b"\r\n%b\r\n' % (len(data), data))
    talk.raw(b"0\r\nX: 1\r\nContent-Encoding: gzip\r\n\r\n")


@service(outcome="truncated", error="not HTTP: it switches protocols")
def another_protocol(talk: Any) -> None:
    """A WebSocket's endpoint."""
    talk.raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
    linger(talk)


@service(outcome="truncated", error="not HTTP: Expected HTTP/, RTSP/ or ICE/")
def not_http(talk: Any) -> None:
    """Something else listens there: the parser's own reason is given."""
    talk.raw(b"SSH-2.0-OpenSSH_9.2\r\n")
    talk.close()


def linger(talk: Any) -> None:
    """Say no more, until the client is gone."""
    talk.sock.settimeout(30)
    talk.sock.recv(1)
    talk.close()


# -- more of how services fail in mid-stream, and of thoughts


@service(outcome="stream_error", error="{'text': 'NETWORK ERROR', 'error_code': 50001}")
def an_error_that_looks_like_text(talk: Any) -> None:
    """FastChat: https://github.com/lm-sys/FastChat/issues/3367"""
    whole(talk, *HELLO, {"text": "NETWORK ERROR", "error_code": 50001}, DONE)


@service(outcome="stream_error", error="out of workers")
def an_error_beside_no_choices(talk: Any) -> None:
    """OpenRouter: https://github.com/diegosouzapw/OmniRoute/pull/8210"""
    error = {"error": {"code": 502, "message": "out of workers"}}
    whole(talk, *HELLO, {"object": "chat.completion.chunk", "choices": []} | error, DONE)


@service(outcome="stream_error", error="Error processing stream")
def an_error_within_a_choice(talk: Any) -> None:
    """OpenRouter: https://github.com/hotovo/aider-desk/issues/103"""
    last = delta("stop", content="")
    last["choices"][0] |= {"error": {"message": "Error processing stream"}, "native_finish_reason": "error"}
    whole(talk, *HELLO, last, DONE)


@service(outcome="stream_error", error="too long")
def an_error_in_fields_of_its_own(talk: Any) -> None:
    """https://github.com/NousResearch/hermes-agent/pull/65643"""
    whole(talk, *HELLO, {"choices": None, "error_message": "too long"}, DONE)


@service(outcome="stream_error", error="rate limit")
def an_error_beside_a_status(talk: Any) -> None:
    """MiniMax: https://github.com/RooCodeInc/Roo-Code/pull/9105"""
    told = {"base_resp": {"status_code": 1002, "status_msg": "rate limit"}}
    whole(talk, *HELLO, {"choices": None} | told, DONE)


@service(outcome="stream_error", error="try again")
def an_exception_for_an_event(talk: Any) -> None:
    """Bedrock: https://github.com/anthropics/anthropic-sdk-python/issues/1477"""
    whole(talk, *HELLO, b'event: internalServerException\ndata: {"message":"try again"}\n\n', DONE)


@service(outcome="stream_error", error="{'message': 'The model returned the following errors'}")
def a_message_and_nothing_else(talk: Any) -> None:
    """Bedrock by a gateway: https://github.com/Portkey-AI/gateway/issues/1142"""
    whole(talk, *HELLO, {"message": "The model returned the following errors"}, DONE)


@service(tokens=2, generated=2, first=2)
def chunks_that_only_keep_alive(talk: Any) -> None:
    """Pings and filters' findings: https://github.com/BerriAI/litellm/pull/27968,
    https://github.com/AndraxDev/speak-gpt/pull/162"""
    whole(talk, {"choices": []}, {"choices": [], "prompt_filter_results": [{}]}, *HELLO, STOP, DONE)


@service(tokens=2, generated=0, first=5)
def a_closing_mark_in_pieces(talk: Any) -> None:
    """https://github.com/LibreChat-AI/agents/pull/40: in three pieces more often than not."""
    thoughts = (delta(content=text) for text in ("So", " then", "</", "think", ">"))
    whole(talk, *thoughts, *HELLO, STOP, DONE)


@service(tokens=3, generated=0, first=0)
def an_answer_about_the_mark(talk: Any) -> None:
    """Who names it has not thought until there: https://github.com/ggml-org/llama.cpp/issues/27661"""
    whole(talk, *HELLO, delta(content=" </think> ends it"), STOP, DONE)


@service(tokens=2, generated=0, first=2)
def a_closing_mark_behind_thoughts_of_a_field(talk: Any) -> None:
    """vLLM's parsers leave one behind: https://github.com/aula-id/koma/pull/63"""
    whole(talk, delta(reasoning="Hm"), delta(content="</think>\n\n"), *HELLO, STOP, DONE)


@service(tokens=2, generated=0, first=1)
def text_that_is_marked_as_thought(talk: Any) -> None:
    """Gemini's endpoint for clients of OpenAI: https://ai.google.dev/gemini-api/docs/openai"""
    whole(talk, delta(content="Hm", extra_content={"google": {"thought": True}}), *HELLO, STOP, DONE)


@service(tokens=2, generated=0, first=0)
def counts_of_hidden_thoughts_without_a_split(talk: Any) -> None:
    """https://github.com/vllm-project/vllm/pull/44398, with what was thought left out of the stream."""
    whole(talk, *HELLO, STOP, usage(9, 402), DONE)


@service(tokens=2, source="usage", generated=0, first=0)
def a_total_with_a_caches_tokens(talk: Any) -> None:
    """https://github.com/Portkey-AI/gateway/pull/1754: 10 + 40 = 5070"""
    split = {"reasoning_tokens": 400}
    whole(talk, *HELLO, STOP, usage(9, 402, 1411, completion_tokens_details=split), DONE)


@service(row=True, tokens=1, generated=0, first=0)
def a_tool_without_arguments_is_called(talk: Any) -> None:
    """https://github.com/JohnnyZ93/oai-compatible-copilot/pull/151"""
    call = {"index": 0, "id": "x", "function": {"name": "now", "arguments": ""}}
    whole(talk, delta(tool_calls=[call]), delta("tool_calls"), DONE)


# -- the RAG API's own


@service(dialect="ask", tokens=2, generated=1, first=2)
def thoughts_of_a_rag_service(talk: Any) -> None:
    """A RAG API that tells its model's thoughts, and names its events."""
    headers(talk)
    for kind, content in (("status", ""), ("thinking", "Hm"), ("token", "Hello"), ("token", " there")):
        event = json.dumps({"type": kind, "content": content}).encode()
        send(talk, b"event: %b\ndata: %b\n\n" % (kind.encode(), event))
    send(talk, {"type": "complete", "documents": []}, DONE)
    talk.done()


TRIES = 10
FRAMED = {"truncated", "http_error"}
"""Of these it matters over TLS, too, how the answer ends; of the others only what is in it."""


@pytest.mark.parametrize(
    ("over", "one"),
    [("http", one) for one in SERVICES] + [("https", one) for one in SERVICES if one.outcome in FRAMED],
    indirect=["over"],
    ids=lambda value: getattr(value, "name", value),
)
def test_the_client_alone(one: Service, trap: Any, over: Any) -> None:
    server = trap(one.script)
    for number in range(TRIES):
        exchange = AnswerExchange(sent_ns=0)
        asked = connection(over.origin(server.url), Timeouts(total=30))
        try:
            Asker(asked, dialect(one.dialect), {}).ask("why?", exchange)
        finally:
            asked.close()
        assert (exchange.outcome, exchange.error) == (one.outcome, one.error)
        if one.outcome != "ok":
            return
        assert exchange.answer.token_count == (one.tokens, one.source)
        assert exchange.ended_ns >= (exchange.answer.last_token_ns or 0)
        in_time = [
            dated(exchange.answer.first_generated_ns, one.generated, server.talks[number].sent_at),
            dated(exchange.answer.first_token_ns, one.first, server.talks[number].sent_at),
        ]
        if all(in_time):
            return
    raise AssertionError(f"late in each of {TRIES} tries")  # a busy machine is late now and then


def dated(at_ns: int | None, piece: int | None, sent_at: Sequence[float]) -> bool:
    """Is it the date of that piece: not before it was sent (never), and before the next one was?"""
    assert (at_ns is None) == (piece is None)
    if at_ns is None or piece is None:
        return True
    assert at_ns >= sent_at[piece + 1] * 1e9 - EARLY_NS  # the head went first
    return at_ns < sent_at[piece + 2] * 1e9


def test_in_a_sweep(trap: Any, tmp_path: Path) -> None:
    """Each row's service is a deployment of one sweep, told apart by its base URL's path. Over HTTP alone:
    over TLS each is read above, and test_reaching.py has a sweep ask."""
    rows = {one.name: one for one in SERVICES if one.row}

    def by_path(talk: Any) -> None:
        rows[talk.head.split(b" ")[1].decode().split("/")[1]].script(talk)

    server = trap(by_path)
    argv = ["--config", "as-is", "--concurrency", "1", "--repeats", "1"]
    argv += ["--requests", "2", "--warmup-requests", "1", "--output", str(tmp_path / "out")]
    argv += [word for name in rows for word in ("--deployment", f"{name}=url:{server.url}/{name}")]
    argv += ["--", "--dialect", "openai", "--min-seconds", "0"]
    done = sweep(*argv, cwd=tmp_path)
    assert done.returncode in (0, 3), done.stderr
    (results,) = (tmp_path / "out").iterdir()
    for name, one in rows.items():
        (file,) = (results / "cells" / name).glob("as-is/c*-r1/requests.jsonl")
        records = [json.loads(line) for line in file.read_text().splitlines()]
        assert len(records) >= 2
        for record in records:
            assert (record["outcome"], record["error"]) == (one.outcome, one.error), name
            if one.outcome == "ok":
                assert (record["tokens"], record["token_source"]) == (one.tokens, one.source), name
                assert (record["first_token_at_ns"] is None) == (one.first is None), name
                if "late" in record["flags"]:
                    continue  # what was sent apart was read together
                generated, first = record["first_generated_at_ns"], record["first_token_at_ns"]
                assert (generated == first) == (one.generated == one.first), name
