"""The target in this process on a port of its own, and the LLM it talks to."""

import contextlib
import http.client
import json
import logging
import os
import sys
import threading
import types
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from support import LIMIT_S, QUESTION, MockLLM, wait_until
from target_app.settings import Settings

KEY = "sk-test-0123456789abcdef"


def frames(raw: bytes) -> list[dict[str, Any]]:
    """The events of a whole stream, whose framing is checked on the way."""
    assert raw.endswith(b"\n\n")
    found = raw.split(b"\n\n")[:-1]
    assert all(one.startswith(b"data: ") and b"\n" not in one for one in found)
    return [json.loads(one.removeprefix(b"data: ")) for one in found]


class Reply:
    """A whole response."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self) -> Any:
        return json.loads(self.body)

    def events(self) -> list[dict[str, Any]]:
        return frames(self.body)


class Target:
    """One uvicorn in a thread, and what is logged meanwhile."""

    def __init__(self, settings: Settings) -> None:
        from target_app.app import make_app

        self.log: list[str] = []
        self._handler = logging.Handler(logging.WARNING)
        self._handler.emit = lambda record: self.log.append(record.getMessage())  # type: ignore[method-assign]
        logging.getLogger().addHandler(self._handler)
        self._server = uvicorn.Server(
            uvicorn.Config(make_app(settings), port=0, log_config=None, access_log=False)
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        wait_until(lambda: self._server.started)
        self.port = int(self._server.servers[0].sockets[0].getsockname()[1])

    def connect(self, timeout: float = LIMIT_S) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def get(self, path: str) -> Reply:
        return self.call("GET", path)

    def post(self, path: str, body: object) -> Reply:
        return self.call("POST", path, body if isinstance(body, bytes) else json.dumps(body).encode())

    def call(self, method: str, path: str, body: bytes | None = None) -> Reply:
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, path, body, {"content-type": "application/json"})
            return Reply(connection.getresponse())

    def ask(self, **fields: Any) -> list[dict[str, Any]]:
        """The events of one answer."""
        reply = self.post("/ask/stream", {**QUESTION, **fields})
        assert reply.status == 200, reply.body
        return reply.events()

    def counter(self, outcome: str) -> float:
        return self.metric(f'target_requests_total{{outcome="{outcome}"}} ')

    def metric(self, start: str) -> float:
        for line in self.get("/metrics").body.decode().splitlines():
            if line.startswith(start):
                return float(line.removeprefix(start))
        raise AssertionError(f"no {start}")

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(60)
        logging.getLogger().removeHandler(self._handler)


@pytest.fixture(scope="session")
def environment(knowledge: Path, indexes: Path) -> dict[str, str]:
    """A clean environment with mock embeddings over a small folder."""
    kept = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    return {
        **kept, "KNOWLEDGE_BASE_DIR": str(knowledge), "XDG_CACHE_HOME": str(indexes),
        "USE_MOCK_EMBEDDINGS": "yes", "OPENAI_API_KEY": KEY,
    }  # fmt: skip


Start = Callable[..., AbstractContextManager[Target]]


@pytest.fixture(scope="session")
def start(environment: dict[str, str]) -> Start:
    """A target under settings of its own, ready (or as far as `path` tells), ended after use."""

    @contextlib.contextmanager
    def started(path: str = "/ready", **settings: str) -> Iterator[Target]:
        with pytest.MonkeyPatch.context() as clean:
            for name in set(os.environ) - set(environment):
                clean.delenv(name)
            for name, value in {**environment, **settings}.items():
                clean.setenv(name, value)
            target = Target(Settings())
        try:
            wait_until(lambda: target.get(path).status == 200)
            yield target
        finally:
            target.stop()

    return started


@pytest.fixture(scope="session")
def quick_llm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockLLM]:
    """Eight tokens in about 30 ms."""
    record = tmp_path_factory.mktemp("llm") / "quick.jsonl"
    server = MockLLM(record, "--ttft-ms", "20", "--itl-ms", "1", "--tokens", "8")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def slow_llm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockLLM]:
    """A token every 50 ms, for a minute."""
    record = tmp_path_factory.mktemp("llm") / "slow.jsonl"
    server = MockLLM(record, "--ttft-ms", "20", "--itl-ms", "50", "--tokens", "1200")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def mocked(start: Start) -> Iterator[Target]:
    """Both mocks on: nothing but the application's own work."""
    with start(USE_MOCK_LLM="yes") as target:
        yield target


@pytest.fixture(scope="session")
def answering(start: Start, quick_llm: MockLLM) -> Iterator[Target]:
    """All defaults, with an LLM."""
    with start(OPENAI_BASE_URL=quick_llm.base_url) as target:
        yield target


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], str]:
    """Makes a factory importable; its name for a setting."""
    module = types.ModuleType("parts_of_others")
    monkeypatch.setitem(sys.modules, module.__name__, module)

    def named(factory: Any) -> str:
        module.factory = factory  # type: ignore[attr-defined]
        return f"{module.__name__}:factory"

    return named
