"""A question in whatever field of a body a service has it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.tasks.ask.dialects import dialect
from loadgen.tasks.ask.placeholder import filled, has_place, holds_literal, lacks_quotes, nested_too_deeply

QUESTION = 'say "hi"\n to {question} and {{question}} \\ 日本 \u2028 {0} %s'
SYSTEM = {"role": "system", "content": "Be brief."}


@pytest.mark.parametrize(("value", "sent"), [
    ("{question}", QUESTION), ("[INST] {question} [/INST]", f"[INST] {QUESTION} [/INST]"),
    ("{question}{question}", QUESTION * 2), ("{prompt} {} {", "{prompt} {} {"), (7, 7), (None, None),
    ({"text": "{question}", "n": [1, ["{question}", True]]}, {"text": QUESTION, "n": [1, [QUESTION, True]]}),
    ({"{question}": "a"}, {"{question}": "a"}), ("{{question}}", "{question}"),
    ("{{{question}}}", "{{question}}"), ("{{question}", "{" + QUESTION), ("{question}}", QUESTION + "}"),
])  # fmt: skip
def test_strings_at_any_depth_are_filled(value: Any, sent: Any) -> None:
    assert filled(value, QUESTION) == sent


@given(st.text(), st.text(), st.text())
def test_what_is_around_a_question_and_in_it_stays(before: str, question: str, after: str) -> None:
    before, after = before.replace("{", "("), after.replace("}", ")")
    assert filled(f"{before}{{question}}{after}", question) == before + question + after


@pytest.mark.parametrize(("value", "place", "literal"), [
    ("{question}", True, False), ("hello", False, False), ("{{question}}", False, True),
    ({"a": ["{{question}} {question}"]}, True, True), ({"{question}": 1}, False, False),
    ("{Question}", False, False),
])  # fmt: skip
def test_whether_requests_differ(value: Any, place: bool, literal: bool) -> None:
    assert (has_place(value), holds_literal(value)) == (place, literal)


@pytest.mark.parametrize(("text", "value", "lacking"), [
    ('{"text": {question}}', '{"text": {question}}', True), ("[{question}]", "[{question}]", True),
    ("{question}", "{question}", False), ("[INST] {question}", "[INST] {question}", False),
    ('{"text": "{question}"}', {"text": "{question}"}, False), ("[1", "[1", False),
])  # fmt: skip
def test_a_placeholder_that_lacks_its_quotes(text: str, value: Any, lacking: bool) -> None:
    assert lacks_quotes(text, value) == lacking


def test_how_deep_json_may_be() -> None:
    value: Any = 1
    for _ in range(98):
        value = [{"a": 2}, value]
    assert not nested_too_deeply(value)
    assert nested_too_deeply({"a": value})


def test_a_question_is_moved_to_another_field() -> None:
    moved = dialect("ask", fields={"input": {"text": "{question}"}}, drop=["query"])
    body = json.loads(moved.body(QUESTION))
    assert body["input"] == {"text": QUESTION}
    assert "query" not in body
    fields = {"messages": [SYSTEM, {"role": "user", "content": "{question}"}]}
    chat = json.loads(dialect("openai", fields=fields).body(QUESTION))
    assert chat["messages"] == [SYSTEM, {"role": "user", "content": QUESTION}]
    twice = json.loads(dialect("ask", fields={"prompt": "{question}"}).body("why?"))
    assert (twice["query"], twice["prompt"]) == ("why?", "why?")
