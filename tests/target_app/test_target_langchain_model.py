"""Chat models and callbacks that are not ours, put in by settings alone."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from target_app.langchain_model import LangChainLLM
from target_app.llm import make_llm
from target_app.llm_client import LLMError
from target_app.settings import Settings, load_settings

Put = Callable[[Any], str]
KEY = "sk-test-0123456789abcdef"


@pytest.mark.parametrize(("name", "said"), [
    ("json", "package.module:factory"), ("json:no", "cannot be imported"), ("sys:path", "called"),
])  # fmt: skip
def test_what_names_no_factory_is_refused_with_the_settings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    monkeypatch.setenv("LANGCHAIN_MODEL", name)
    with pytest.raises(SystemExit, match=r"^2$"):
        load_settings()
    error = capsys.readouterr().err
    assert error.startswith(f"target_app: LANGCHAIN_MODEL={name}: ")
    assert said in error
    assert error.count("\n") == 1


class Thinking(BaseChatModel):
    """Streams by itself: thoughts, then two words; or fails with the key in its message."""

    fails: bool = False
    closed: list[str] = []  # noqa: RUF012

    @property
    def _llm_type(self) -> str:
        return "thinking"

    def _generate(self, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        try:
            thought = [{"type": "reasoning", "reasoning": "Hm."}]
            word = [{"type": "text", "text": "One "}]
            for content in (thought, word, "", "two"):
                if self.fails and content == "two":
                    raise RuntimeError(f"refused {KEY}")
                yield ChatGenerationChunk(message=AIMessageChunk(content=content))
        finally:
            self.closed.append("closed")


def model_settings(name: str, **changes: Any) -> Settings:
    return Settings(llm_client="langchain", langchain_model=name, openai_api_key=KEY, **changes)


async def pieces_of(llm: Any, most: int = 99) -> list[str]:
    found: list[str] = []
    stream = llm.stream([{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}])
    async for piece in stream:
        found.append(piece)
        if len(found) == most:
            await stream.aclose()
    return found


def test_a_chat_model_without_async_streaming_answers_through_the_default_executor(put: Put) -> None:
    model = GenericFakeChatModel(messages=iter([AIMessage(content="Paris is it")]))
    llm = make_llm(model_settings(put(lambda: model)))
    assert isinstance(llm, LangChainLLM)
    assert (llm.kind, llm.executor) == ("GenericFakeChatModel", "default-executor")
    assert "".join(asyncio.run(pieces_of(llm))) == "Paris is it"


def test_a_chat_model_of_its_own_streaming_gives_its_answer_without_its_thoughts(put: Put) -> None:
    llm: Any = make_llm(model_settings(put(Thinking)))
    assert (llm.kind, llm.executor) == ("Thinking", "own-async")
    assert [(piece, type(piece)) for piece in asyncio.run(pieces_of(llm))] == [("One ", str), ("two", str)]


def test_a_chat_model_that_fails_is_told_without_the_key(put: Put) -> None:
    llm = make_llm(model_settings(put(lambda: Thinking(fails=True))))
    with pytest.raises(LLMError, match="RuntimeError: refused") as failed:
        asyncio.run(pieces_of(llm))
    assert KEY not in str(failed.value)


def test_a_client_that_leaves_ends_the_models_stream(put: Put) -> None:
    model = Thinking(closed=[])
    assert asyncio.run(pieces_of(make_llm(model_settings(put(lambda: model))), most=1)) == ["One "]
    assert model.closed == ["closed"]


class Counting(BaseCallbackHandler):
    tokens = 0

    def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
        type(self).tokens += 1


def test_callbacks_hear_the_tokens_of_an_answer(put: Put) -> None:
    Counting.tokens = 0
    names = put(lambda: [Counting()])
    sys.modules["parts_of_others"].model = Thinking  # type: ignore[attr-defined]
    llm = make_llm(model_settings("parts_of_others:model", langchain_callbacks=names))
    asyncio.run(pieces_of(llm))
    assert Counting.tokens >= 4


def test_handlers_of_another_kind_end_the_start_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        make_llm(Settings(llm_client="langchain", langchain_callbacks="builtins:dict"))
    said = "target_app: LANGCHAIN_CALLBACKS=builtins:dict: the factory made a d"
    assert said in capsys.readouterr().err


def test_what_pydantic_was_given_stays_out_of_the_line(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        make_llm(model_settings(put(lambda: Thinking(fails="sk-another-key"))))  # type: ignore[arg-type]
    error = capsys.readouterr().err
    assert "fails" in error
    assert "sk-another" not in error
