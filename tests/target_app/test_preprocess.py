"""What a request's texts become, and where that is done."""

import asyncio
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_app import preprocess
from target_app.preprocess import FILE_CHARS, HISTORY_CHARS, INLINE_CHARS, Preparer, clean, is_big, prepare
from target_app.wire import AskRequest


def request(**fields: Any) -> AskRequest:
    body = {"query": "What is a deque?", "embedding_model": "local:default", "llm_model": "openai:default"}
    return AskRequest.model_validate({**body, "prompt": "Answer.", **fields})


@pytest.mark.parametrize(("text", "cleaned"), [
    ("  two\n\n words\t", "two words"), ("<p>one</p><br/>two", "one two"), ("a &lt; b &amp; c", "a < b & c"),
    ("ﬁne Ｗidth", "fine Width"), ("1 < 2 and 3 > 2", "1 2"), ("", ""),
])  # fmt: skip
def test_markup_and_blanks_go(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(st.text(max_size=300))
def test_what_is_clean_of_markup_stays_as_it_is(text: str) -> None:
    once = clean(text)
    assert once == once.strip()
    assert "  " not in once
    if "<" not in once and "&" not in once:
        assert clean(once) == once


def test_the_latest_turns_are_kept_up_to_the_budget_whole_and_in_their_order() -> None:
    turns = [{"role": "user", "content": f"{number} " + "x" * 3000} for number in range(5)]
    kept = prepare(request(history=turns)).history
    assert [content[0] for _, content in kept] == ["3", "4"]
    assert sum(len(content) for _, content in kept) <= HISTORY_CHARS


def test_of_a_long_file_the_sentences_about_the_question_are_kept_in_their_order() -> None:
    dull = "Nothing of interest stands here at all. " * 600
    text = f"First: a deque is a list. {dull}Last: what is a deque for?"
    [(name, kept)] = prepare(request(files=[{"name": "notes.txt", "content": text}])).files
    assert name == "notes.txt"
    assert len(kept) <= FILE_CHARS < len(text)
    assert kept.startswith("First: a deque")
    assert kept.endswith("what is a deque for?")


@pytest.mark.parametrize("offloaded", [True, False])
@pytest.mark.parametrize("big", [True, False])
def test_only_a_large_request_is_worth_a_thread(
    offloaded: bool, big: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []
    whole = preprocess.prepare
    monkeypatch.setattr(
        preprocess, "prepare", lambda asked: (threads.append(threading.current_thread()), whole(asked))[1]
    )
    asked = request(files=[{"name": "a.txt", "content": "x" * (INLINE_CHARS if big else 10)}])
    assert is_big(asked) is big
    preparer = Preparer(offloaded=offloaded)
    try:
        began, prepared, ended = asyncio.run(preparer.prepare(asked))
    finally:
        preparer.close()
    assert began <= ended
    assert prepared.question == "What is a deque?"
    assert (threads[0] is not threading.main_thread()) is (offloaded and big)
