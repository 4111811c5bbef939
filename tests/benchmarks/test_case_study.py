"""The case study: its app starts and answers, on doubles of what it takes of Open WebUI."""

from __future__ import annotations

import json
import runpy
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from support import MockLLM

CASE = Path(__file__).resolve().parents[2] / "benchmarks" / "case_study"


class Store:
    def __init__(self) -> None:
        self.texts: list[str] = []

    def upsert(self, collection_name: str, items: list[dict[str, Any]]) -> None:
        self.texts = [item["text"] for item in items]


def double(store: Store) -> dict[str, ModuleType]:
    async def embed(texts: list[str]) -> list[list[float]]:
        return [[0.0]] * len(texts)

    async def search(**asked: Any) -> dict[str, Any]:
        assert asked["collection_names"] == ["handbook"]
        return {"documents": [store.texts[: asked["k"]]]}

    names: dict[str, dict[str, Any]] = {
        "open_webui.retrieval.models.external": {"ExternalReranker": lambda *_: None},
        "open_webui.retrieval.utils": {
            "VECTOR_DB_CLIENT": store,
            "get_embedding_function": lambda *_: embed,
            "get_reranking_function": lambda *_: None,
            "query_collection_with_hybrid_search": search,
        },
    }
    modules = {}
    for name, holds in names.items():
        modules[name] = ModuleType(name)
        vars(modules[name]).update(holds)
    return modules


@pytest.fixture
def llm(tmp_path: Path) -> Iterator[MockLLM]:
    server = MockLLM(tmp_path / "llm.jsonl", "--ttft-ms", "1", "--itl-ms", "0", "--tokens", "3")
    yield server
    server.stop()


def test_the_app_starts_and_answers(llm: MockLLM, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()
    for name, module in double(store).items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setenv("OPENAI_BASE_URL", llm.base_url)
    monkeypatch.setenv("MODELS_URL", "http://127.0.0.1:9")
    app = runpy.run_path(str(CASE / "app.py"))["app"]
    asked = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "How is text wrapped?"}]}
    with TestClient(app) as client:
        assert client.get("/health").status_code == 200
        answer = client.post("/v1/chat/completions", json=asked)
    assert len(store.texts) == 60  # it has something to search
    assert answer.text.rstrip().endswith("data: [DONE]")


def test_the_reranker_scores_what_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RERANK_MS", "0")
    client = TestClient(runpy.run_path(str(CASE / "models.py"))["app"])
    found = client.post("/v1/rerank", json={"query": "q", "documents": ["a", "b"]}).json()["results"]
    assert [one["index"] for one in found] == [0, 1]
    assert found[0]["relevance_score"] != found[1]["relevance_score"]
    vectors = client.post("/v1/embeddings", json={"input": ["a", "b"]}).json()["data"]
    assert [len(one["embedding"]) for one in vectors] == [64, 64]


@pytest.mark.parametrize(("status", "low", "resumed"), [
    ("interrupted", 0.9, True), ("complete", 1.4, True), ("complete", 0.9, False), ("complete", None, False),
])  # fmt: skip
def test_what_told_nothing_is_measured_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str, low: float | None, resumed: bool
) -> None:
    """A sweep that was cut short goes on, whatever it tells so far."""
    monkeypatch.syspath_prepend(CASE.parent)
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # it ends its servers by that
    case = SimpleNamespace(**runpy.run_path(str(CASE.parent / "case.py")))
    folder, asked = tmp_path / "20260101T000000Z-fixes", []
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps({"status": status}))
    fix = {"rps": None if low is None else {"value": 2.0, "low": low, "high": 3.0}}
    (folder / "systematic_results.json").write_text(json.dumps({"fixes": [fix]}))
    ended = SimpleNamespace(returncode=3)
    monkeypatch.setattr(subprocess, "run", lambda argv, **_: asked.append(argv) or ended)
    assert case.sweep(tmp_path, "fixes", ["--fresh"], {}, case.gain) == folder
    assert asked[0][3:] == (["--resume", str(folder)] if resumed else ["--fresh"])
