"""Bodies and folds of both dialects (TRAPS 3, 4, 9, 10)."""

import json
from typing import Any

import pytest

from loadgen.client.error_text import normalised
from loadgen.tasks.ask.answer import Answer
from loadgen.tasks.ask.ask_events import fold_ask
from loadgen.tasks.ask.dialects import dialect
from loadgen.tasks.ask.openai_chunks import fold_openai


def fold(events: list[tuple[int, Any]], how: Any = fold_ask) -> Answer:
    answer = Answer()
    for at_ns, event in events:
        how(answer, event if isinstance(event, bytes) else json.dumps(event).encode(), at_ns)
    return answer


def token(text: str) -> dict[str, str]:
    return {"type": "token", "content": text}


def test_the_first_token_is_the_first_text() -> None:
    timings = {"embed": {"running_ms": 2}}
    answer = fold([
        (1000, {"type": "status"}), (2000, {"type": "documents", "data": [{}, {}], "count": 2}),
        (3000, token("")), (9000, token("a")), (11000, token("b")),
        (12000, {"type": "complete", "timings": timings, "config": "mock-llm"}), (50000, {"type": "end"}),
    ])  # fmt: skip
    assert (answer.first_event_ns, answer.first_token_ns, answer.last_token_ns) == (1000, 9000, 11000)
    assert (answer.ended_ns, answer.tokens, answer.gaps_us, answer.documents) == (12000, 2, [2], 2)
    assert (answer.stages, answer.config) == ({"embed": {"running_ms": 2.0}}, "mock-llm")


@pytest.mark.parametrize(("said", "kept"), [
    (312.5, 312.5), (0, 0.0), (-1, -1.0), (True, None), ("9", None), (None, None), ({}, None), ([1], None),
])  # fmt: skip
def test_of_times_that_a_service_says_those_are_kept_that_are_numbers(said: Any, kept: float | None) -> None:
    answer = fold([
        (1, token("a")),
        (2, {"type": "complete", "written_ms": said, "timings": {"llm": {"queued_ms": said}}}),
    ])  # fmt: skip
    assert answer.written_ms == kept
    assert answer.stages == {"llm": {} if kept is None else {"queued_ms": kept}}


def test_a_restarted_answer_counts_from_the_restart() -> None:
    again = [(7_000, token("c")), (9_000, token("d")), (9_500, {"type": "complete"})]
    answer = fold([(1, token("a")), (2, token("b")), (5, {"type": "clear_response"}), *again])
    assert answer.restarted
    assert (answer.first_token_ns, answer.tokens, answer.gaps_us) == (7_000, 2, [2])


def test_openai_chunks() -> None:
    said = [
        {"choices": [{"delta": {"role": "assistant", "content": text}}]} for text in ("", None, "Mock resp")
    ]
    rest = {"choices": [{"delta": {"content": "onse to: q"}}]}
    stop, usage = {"choices": [{"delta": {}, "finish_reason": "stop"}]}, {"usage": {"completion_tokens": 40}}
    answer = fold([*enumerate([*said, rest, stop, usage | {"choices": []}, b"[DONE]"], 1)], fold_openai)
    assert (answer.first_token_ns, answer.last_token_ns, answer.ended_ns) == (3, 4, 7)
    assert answer.token_count == (40, "usage")
    assert answer.mocked


@pytest.mark.parametrize("how", [fold_ask, fold_openai])
def test_nonsense_is_an_error_of_the_stream_and_null_or_a_blank_a_keep_alive(how: Any) -> None:
    for payload in (b"{", b"[1]", b"\xff", b"nul"):
        assert "not" in str(fold([(1, payload)], how).error)
    answer = fold([(1, b"null"), (2, b" null "), (3, b" "), (4, b"\t"), (5, b"\n")], how)
    assert (answer.error, answer.events) == (None, 0)


@pytest.mark.parametrize("event", [
    {"type": None}, {"type": [{"a": 1}]}, {"type": {}}, {}, {"type": "token"},
    {"type": "token", "content": 3}, {"type": "documents"}, {"type": "complete", "timings": [1], "config": 3},
    {"type": "complete", "timings": {"a": {"b": None}}}, {"choices": [None]}, {"choices": {}}, {"usage": 3},
    {"choices": [{"delta": 1}]},
])  # fmt: skip
def test_odd_events_are_passed_over(event: dict[str, Any]) -> None:
    for how in (fold_ask, fold_openai):
        answer = fold([(1, event)], how)
        assert (answer.tokens, answer.error) == (0, None)


CHUNK = {"choices": [{"delta": {"content": "a"}}]}


@pytest.mark.parametrize(("event", "error"), [
    ({"errors": [{"message": "no"}]}, "no"),
    ({"success": False, "message": "no"}, "{'success': False, 'message': 'no'}"),
    ({"success": True, "message": "yes"}, None),
    ({"error": {"message": None, "code": 429}}, "{'message': None, 'code': 429}"),
    (CHUNK | {"error": {"message": None, "code": None}}, None), (CHUNK | {"error": ""}, None),
    (CHUNK | {"x_groq": {"id": "r"}}, None), ({"choices": [{"delta": {}, "error": None}]}, None),
    ({"choices": [{"delta": {}, "error": "no"}]}, "no"),
])  # fmt: skip
def test_what_is_an_error_in_a_chunk(event: dict[str, Any], error: str | None) -> None:
    assert fold([(1, event)], fold_openai).error == error


@pytest.mark.parametrize(("delta", "tokens", "thoughts"), [
    ({"thought_signature": "c2ln", "content": "a"}, 1, 0), ({"reasoning": {"summary": "so"}}, 0, 1),
    ({"thoughts": "so"}, 0, 1), ({"reasoning_content": None, "content": "a"}, 1, 0),
    ({"tool_calls": [{"type": "custom", "custom": {"input": "x"}}]}, 1, 0), ({"audio": {"id": "a"}}, 0, 0),
    ({"content": ["a", "b"]}, 1, 0), ({"content": [{"type": "thinking", "thinking": ["so"]}, "a"]}, 1, 1),
])  # fmt: skip
def test_what_a_delta_holds(delta: dict[str, Any], tokens: int, thoughts: int) -> None:
    answer = fold([(1, {"choices": [{"delta": delta}]})], fold_openai)
    assert (answer.tokens, answer.thoughts) == (tokens, thoughts)


def test_after_a_restart_the_marks_of_thoughts_are_looked_for_anew() -> None:
    texts = ("[THINK]", "so", "[/THINK]", "a")
    again = [(5, {"type": "clear_response"}), (6, token("<thinking>so")), (7, token("</thinking>b"))]
    answer = fold([(number, token(text)) for number, text in enumerate(texts)] + again)
    assert (answer.tokens, answer.first_token_ns) == (1, 7)


@pytest.mark.parametrize(("said", "counted"), [
    ("nothing listens on port 8001", "nothing listens on port 8001"),
    ("Cannot connect to host localhost:8002 [13]", "Cannot connect to host localhost:8002 [N]"),
    ("10.0.0.7:8002 is down", "N.N.N.N:8002 is down"), ("10.0.0.7:53124 reset", "N.N.N.N:N reset"),
    ("Error code: 429 after 17 ms", "Error code: 429 after N ms"),
    ("status_code=503, try in 3 s", "status_code=503, try in N s"),
    ("HTTP 502 of request 8812", "HTTP 502 of request N"),
    ("unknown path: POST /v1/v1/chat", "unknown path: POST /v1/v1/chat"),
    ("at 0x7f3a, 12:30:45.678\n", "at N, N:N:N.N"), ("encode 17 of 400", "encode N of N"),
    ("export 12", "export N"),
])  # fmt: skip
def test_numbers_that_tell_failures_apart_are_kept(said: str, counted: str) -> None:
    assert normalised(said) == counted


def test_bodies() -> None:
    ask = json.loads(dialect("ask", llm_model="a:b", rag=False, fields={"max_documents": 3}).body("why?"))
    expected = {"query": "why?", "llm_model": "a:b", "use_rag": False, "max_documents": 3}
    assert {name: ask[name] for name in expected} == expected
    assert ":" in ask["embedding_model"]
    assert ask["prompt"]
    chat = json.loads(dialect("openai", max_tokens=7).body("why?"))
    assert chat["messages"] == [{"role": "user", "content": "why?"}]
    assert (chat["stream"], chat["max_tokens"]) == (True, 7)


@pytest.mark.parametrize(("event", "count"), [
    ({"data": [{}, {}], "count": 5}, 2), ({"documents": [{}]}, 1),
    ({"sources": [{}, {}, {}], "message": "found"}, 3), ({"count": 4}, 4), ({"count": True}, 0),
    ({"data": [{}], "tags": ["a", "b"]}, 1), ({"ids": [1], "tags": ["a", "b"]}, 0), ({"data": []}, 0),
    ({}, 0),
])  # fmt: skip
def test_documents_are_counted_by_whatever_name_their_list_has(event: dict[str, Any], count: int) -> None:
    assert fold([(1, {"type": "documents", **event})]).documents == count


@pytest.mark.parametrize(("given", "expects"), [
    ({}, True), ({"rag": False}, False), ({"fields": {"use_rag": False}}, False),
    ({"drop": ["use_rag"]}, False),
    ({"rag": False, "drop": ["use_rag"]}, False), ({"rag": False, "fields": {"use_rag": True}}, True),
])  # fmt: skip
def test_documents_are_expected_where_they_are_asked_for(given: dict[str, Any], expects: bool) -> None:
    assert dialect("ask", **given).expects_documents is expects
