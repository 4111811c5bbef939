"""What a model thinks is no answer, and what it says of thinking is one."""

import json
from typing import Any

import pytest

from loadgen.tasks.ask.answer import Answer
from loadgen.tasks.ask.events import EventStream
from loadgen.tasks.ask.openai_chunks import fold_openai


def chunk(finish: Any = None, **fields: Any) -> bytes:
    event = {"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}
    return b"data: %b\n\n" % json.dumps(event, ensure_ascii=False).encode()


def read(*chunks: bytes, together: bool = False) -> Answer:
    """Each comes a millisecond after the one before, or all in one go."""
    answer = Answer()
    stream = EventStream(answer, fold_openai)
    for number, one in enumerate([b"".join(chunks)] if together else chunks, start=1):
        stream.feed(one, number * 1_000_000)
    return answer


SAID = [chunk(content=text) for text in ("Hello", " there", "!")]


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("thoughts", [
    ("So", " then", "</", "think", ">", "\n\n"), ("So", " then", "\n<", "/think>\n"),
    ("So", " then", "</think>"), ("<", "think", ">", "Hm", "</", "think", ">", "\n\n"),
    ("<thinking>", "Hm", "</thinking>"), ("[THINK]", "Hm", "[/THINK]", "\n"),
    ("<|channel|>", "analysis", "<|message|>", "Hm", "<|end|>", "<|channel|>final", "<|message|>"),
])  # fmt: skip
def test_between_marks(thoughts: tuple[str, ...], together: bool) -> None:
    answer = read(*(chunk(content=text) for text in thoughts), *SAID, together=together)
    assert answer.tokens == 3
    assert together or answer.first_token_ns == (len(thoughts) + 1) * 1_000_000
    assert answer.first_generated_ns == 1_000_000


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("texts", [
    ("Use", " the", " tag", " </think>", " to", " end"), ("Use", " it", ":", " `</think>`", " ends", " them"),
    ("Use", " </", "think", ">", " to", " end"), ("and/", "or", " a", " <", "b", "/c"),
])  # fmt: skip
def test_an_answer_about_marks(texts: tuple[str, ...], together: bool) -> None:
    answer = read(*(chunk(content=text) for text in texts), together=together)
    assert (answer.tokens, answer.thoughts, answer.first_token_ns) == (len(texts), 0, 1_000_000)


@pytest.mark.parametrize("fields", [
    {"content": "Hm", "extra_content": {"google": {"thought": True}}}, {"content": "Hm", "thought": True},
    {"content": "Hm", "type": "thinking"}, {"content": [{"type": "text", "text": "Hm", "thought": True}]},
    {"content": "", "thinking_blocks": [{"type": "thinking", "thinking": "Hm"}]},
])  # fmt: skip
def test_marked_by_a_field(fields: dict[str, Any]) -> None:
    answer = read(chunk(**fields), *SAID)
    assert (answer.tokens, answer.thoughts, answer.first_token_ns) == (3, 1, 2_000_000)


def test_a_mark_that_closes_what_a_field_had_marked() -> None:
    """Gemini's endpoint for clients of OpenAI."""
    thought = chunk(content="<thought>Hm", extra_content={"google": {"thought": True}})
    assert read(thought, chunk(content="</thought>"), *SAID).first_token_ns == 3_000_000
    assert read(thought, chunk(content="</thought>Hello"), *SAID).tokens == 4


def test_a_gap_in_which_it_thought_is_none() -> None:
    answer = read(SAID[0], chunk(reasoning="Hm"), *SAID[1:])
    assert (answer.tokens, answer.gaps_us) == (3, [1000])


def test_a_thought_beside_text_is_counted_as_one() -> None:
    """So that counts of tokens which hold thoughts are not taken for the answer's."""
    usage = {"choices": [], "usage": {"completion_tokens": 40}}
    answer = read(chunk(reasoning="h", content="a"), *SAID, b"data: %b\n\n" % json.dumps(usage).encode())
    assert answer.token_count == (4, "events")


@pytest.mark.parametrize("end", [chunk("tool_calls"), b"data: [DONE]\n\n"], ids=["reason", "none"])
@pytest.mark.parametrize("arguments", ["", {}, None])
def test_a_call_without_arguments_is_an_answer(arguments: Any, end: bytes) -> None:
    call = {"index": 0, "function": {"name": "now", "arguments": arguments}}
    answer = read(chunk(tool_calls=[call]), end)
    assert (answer.tokens, answer.first_token_ns) == (1, 1_000_000)


def test_a_call_that_came_before_a_thought_was_generated_before_it() -> None:
    call = {"index": 0, "function": {"name": "now"}}
    answer = read(chunk(tool_calls=[call]), chunk(reasoning="Hm"), chunk("tool_calls"))
    assert (answer.tokens, answer.first_generated_ns, answer.first_token_ns) == (1, 1_000_000, 1_000_000)


def test_a_piece_as_long_as_its_tokens_holds_them() -> None:
    """Some services send many tokens in one event: that alone does not make them thoughts."""
    usage = b'data: {"choices":[],"usage":{"completion_tokens":100}}\n\n'
    assert read(chunk(content="word " * 80), usage).token_count == (100, "usage")
    assert read(chunk(content="word"), usage).token_count == (1, "events")
