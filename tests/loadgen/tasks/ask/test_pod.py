"""Which pod answered: said by the reference app in a header, and kept as a label."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from loadgen.tasks.ask.reading import AnswerExchange, Asker
from loadgen.tasks.ask.task import labels_of
from target_app.app import make_app
from target_app.settings import Settings


@pytest.mark.parametrize(
    ("said", "labels"),
    [("rag-7d9-x2", {"pod": "rag-7d9-x2"}), ("", {}), ("no pod's name", {}), ("a" * 300, {})],
)
def test_a_pod_s_name_is_a_label(
    trap: Any, asker: Callable[..., Asker], said: str, labels: dict[str, str]
) -> None:
    def script(talk: Any) -> None:
        talk.headers(f"X-Pod: {said}\r\nTransfer-Encoding: chunked\r\n")
        talk.done()

    exchange = AnswerExchange(sent_ns=0)
    asker(trap(script).url).ask("?", exchange)
    assert labels_of(exchange, str) == labels


@pytest.mark.parametrize(("name", "said"), [("rag-1", [b"rag-1"]), ("", [])])
def test_the_reference_app_names_its_pod_in_every_answer(name: str, said: list[bytes]) -> None:
    settings = Settings(pod_name=name, use_mock_llm=True, use_mock_embeddings=True)
    assert "POD_NAME" not in settings.public()  # else no two pods would have the same settings
    sent: list[Any] = []

    async def ask() -> None:
        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/ask/stream", "headers": [], "query_string": b""}
        await make_app(settings)(scope, None, send)  # type: ignore[arg-type]  it is not ready, and reads nothing

    asyncio.run(ask())
    assert sent[0]["status"] == 503
    assert [value for key, value in sent[0]["headers"] if key == b"x-pod"] == said
