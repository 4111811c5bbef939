"""OpenAI's format: what is asked is understood or refused with a reason, what goes back is well formed."""

import json
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocks import openai_wire as wire

MESSAGES = [{"role": "user", "content": "What does json.dumps do?"}]


def parse(**more: Any) -> wire.ChatRequest:
    return wire.parse_chat(json.dumps({"messages": MESSAGES, **more}).encode())


def test_what_is_asked_is_understood() -> None:
    asked = {"model": "m", "stream": True, "max_tokens": 5}
    request = parse(**asked, stream_options={"include_usage": True})
    assert request == wire.ChatRequest(**asked, include_usage=True, prompt_tokens=6)


@pytest.mark.parametrize(("more", "reason"), [
    ({"messages": []}, "messages"), ({"messages": "hello"}, "messages"),
    ({"messages": ["hello"]}, "messages"), ({"max_tokens": 0}, "max_tokens"),
    ({"max_tokens": "many"}, "max_tokens"), ({"max_completion_tokens": True}, "max_completion_tokens"),
    ({"stream_options": [1]}, "stream_options"), ({"n": 2}, "'n'"),
])  # fmt: skip
def test_what_cannot_be_answered_is_refused_with_the_reason(more: dict[str, Any], reason: str) -> None:
    with pytest.raises(wire.BadRequest, match=reason):
        parse(**more)


KEYS = st.sampled_from(["messages", "stream_options", "max_tokens", "n", "content", "model"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner),
)


@given(st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_request_or_a_bad_one(body: bytes) -> None:
    with suppress(wire.BadRequest):
        assert wire.parse_chat(body).prompt_tokens >= 1


@given(st.text(max_size=20), st.text(max_size=10), st.booleans())
def test_frames_are_what_a_json_encoder_would_make(content: str, model: str, include_usage: bool) -> None:
    frames = wire.Frames(answer_id="a", created=1, model=model, include_usage=include_usage)
    for frame, delta, reason in (
        (frames.role(), {"role": "assistant"}, None),
        (frames.token(content), {"content": content}, None),
        (frames.finish("stop"), {}, "stop"),
    ):
        assert (frame[:6], frame[-2:]) == (b"data: ", b"\n\n")
        parsed = json.loads(frame[6:])
        assert parsed["choices"] == [{"index": 0, "delta": delta, "finish_reason": reason}]
        assert (parsed["id"], parsed["model"], parsed["object"]) == ("a", model, "chat.completion.chunk")
        assert ("usage" in parsed) == include_usage


@given(st.integers(0, 10_000), st.integers(1, 60))
def test_answers_are_plain_words_a_token_each(seed: int, tokens: int) -> None:
    words = wire.answer_words(Random(seed), tokens)
    assert len(words) == tokens
    assert "".join(words).split() == [word.strip() for word in words]
    assert not words[0].startswith("Mock")
    assert words == wire.answer_words(Random(seed), tokens)
