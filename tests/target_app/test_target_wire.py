"""What travels: the order of frames, whole answers, refusals; both mocks on."""

import contextlib
import json
import subprocess
import sys
from typing import Any

import pytest

from support import LIMIT_S, QUESTION, ROOT, wait_until

STAGES = {"preprocess", "embed", "search", "prompt", "llm"}


def types(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


def found(target: Any, **fields: Any) -> dict[str, Any]:
    return next(event for event in target.ask(**fields) if event["type"] == "documents")


def test_frames_come_in_the_order_of_the_wire_and_complete_sums_them_up(mocked: Any) -> None:
    reply = mocked.post("/ask/stream", QUESTION)
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert reply.headers["cache-control"] == "no-cache"
    assert reply.headers["x-accel-buffering"] == "no"
    assert reply.headers["transfer-encoding"] == "chunked"
    events = reply.events()
    spoken = [kind for kind in types(events) if kind != "status"]
    tokens = [event for event in events if event["type"] == "token"]
    assert len(tokens) > 1
    assert spoken == ["documents", *["token"] * len(tokens), "complete", "end"]
    assert 1 <= types(events).count("status") <= 4
    assert types(events)[0] == "status"
    assert all(event["message"] for event in events if event["type"] == "status")
    assert events[-1] == {"type": "end"}
    complete = events[-2]
    assert complete["final_answer"] == "".join(event["content"] for event in tokens)
    assert complete["documents"] == next(event for event in events if event["type"] == "documents")["data"]
    assert complete["config"] == "mock-both"
    assert complete["total_time"] >= complete["llm_time"] >= 0
    assert set(complete["timings"]) == STAGES
    for timing in complete["timings"].values():
        assert set(timing) == {"queued_ms", "running_ms"}
        assert min(timing.values()) >= 0
    assert 0 <= complete["written_ms"] <= 1e3 * complete["total_time"]
    assert not any("partial_answer" in event for event in tokens)
    assert "cold" not in complete


def test_documents_are_described_and_counted(mocked: Any) -> None:
    documents = found(mocked, max_documents=3, score_threshold=-1)
    assert documents["count"] == len(documents["data"]) == 3
    assert 0 <= documents["retrieval_time"] < 10
    scores = [document["score"] for document in documents["data"]]
    assert scores == sorted(scores, reverse=True)
    for document in documents["data"]:
        assert set(document) == {"id", "score", "snippet"}
        assert document["snippet"].startswith(document["id"])
    every = {document["id"] for document in found(mocked, max_documents=100, score_threshold=-1)["data"]}
    assert mocked.ask()[-2]["documents"][0]["score"] > 0.6  # as of real ones, whatever is asked
    assert every == {"france.txt", "whales.md", "bread.rst", "sub/moon.txt", "chess.txt"}


def test_the_threshold_keeps_what_is_below_it_out_and_without_rag_nothing_is_searched(mocked: Any) -> None:
    below = found(mocked, score_threshold=1.5)
    assert (below["count"], below["data"]) == (0, [])
    events = mocked.ask(use_rag=False)
    assert {"type": "documents", "data": [], "count": 0} in events
    assert set(events[-2]["timings"]) == STAGES - {"embed", "search"}


FILE = {"name": "a.txt", "content": "word " * 30_000}


@pytest.mark.parametrize("fields", [
    {"query": " <b> </b> "}, {"query": 'Wo liegt Köln? \u2028 🐋 "quoted" \\ \n\n data: {}'},
    {"files": [FILE], "history": [{"role": "user", "content": "x"}]},
    {"unknown": 1, "knowledge_base": "other", "use_qdrant": True, "use_opensearch": True},
], ids=["nothing left", "odd characters", "large", "unknown fields"])  # fmt: skip
def test_odd_questions_are_answered(mocked: Any, fields: dict[str, Any]) -> None:
    assert types(mocked.ask(**fields))[-2:] == ["complete", "end"]


@pytest.mark.parametrize(("change", "where"), [
    ({"query": None}, "query"), ({"prompt": None}, "prompt"), ({"embedding_model": None}, "embedding_model"),
    ({"llm_model": None}, "llm_model"), ({"query": ""}, "query"),
    ({"embedding_model": "nocolon"}, "embedding_model"), ({"llm_model": ":name"}, "llm_model"),
    ({"llm_model": "source:"}, "llm_model"), ({"max_documents": 0}, "max_documents"),
    ({"max_documents": "many"}, "max_documents"), ({"history": [{"role": "user"}]}, "history"),
])  # fmt: skip
def test_a_wrong_field_is_named_with_422(mocked: Any, change: dict[str, Any], where: str) -> None:
    body = {name: value for name, value in {**QUESTION, **change}.items() if value is not None}
    for path in ("/ask/stream", "/ask"):
        reply = mocked.post(path, body)
        assert reply.status == 422
        assert reply.json()["detail"][0]["loc"][:2] == ["body", where]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"query": "\\ud800"}', b"\xff\xfe"])
def test_what_is_no_question_gets_422(mocked: Any, body: bytes) -> None:
    for path in ("/ask/stream", "/ask", "/v1/chat/completions"):
        assert mocked.post(path, body).status == 422


def test_what_is_too_large_or_asked_otherwise_is_refused(mocked: Any) -> None:
    assert mocked.post("/ask/stream", {**QUESTION, "query": "x" * (5 << 20)}).status == 413
    chat = mocked.post("/v1/chat/completions", b" " * (5 << 20))
    assert (chat.status, chat.json()["error"]["code"]) == (413, "request_too_large")
    assert mocked.get("/ask/stream").status == 405
    assert mocked.get("/nowhere").status == 404


def test_one_connection_serves_many_questions_also_with_whole_answers(mocked: Any) -> None:
    with contextlib.closing(mocked.connect()) as connection:
        for path in ("/ask/stream", "/ask", "/ask/stream"):
            connection.request("POST", path, json.dumps(QUESTION).encode())
            response = connection.getresponse()
            body = response.read()
            assert (response.status, bool(body)) == (200, True)
            if path == "/ask":
                assert response.headers["content-type"] == "application/json"
                whole = json.loads(body)
                assert whole["answer"]
                assert whole["documents"]
                assert (set(whole["timings"]), whole["config"]) == (STAGES, "mock-both")


def test_the_configuration_tells_what_is_in_effect_without_secrets(mocked: Any, environment: Any) -> None:
    assert mocked.get("/health").json() == {"status": "ok"}
    assert mocked.get("/ready").json() == {"ready": True}
    reply = mocked.get("/config")
    body = reply.json()
    assert body["config"] == "mock-both"
    assert body["paths"] == {
        "preprocess": "Preparer@loop-or-preprocess-pool", "embed": "MockedEmbeddings@loop",
        "search": "IndexHNSWFlat@loop", "prompt": "Pipeline@loop", "llm": "MockedLLM@loop",
    }  # fmt: skip
    settings = body["settings"]
    assert (settings["RETRIEVAL"], settings["SEARCH_EXECUTOR"]) == ("async", "loop")
    assert settings["USE_MOCK_EMBEDDINGS"] is True
    assert settings["CACHE_DIR"] == environment["XDG_CACHE_HOME"] + "/chokepoint"
    assert all(isinstance(value, str | int | float | bool | None) for value in settings.values())
    assert "OPENAI_API_KEY" not in settings
    assert environment["OPENAI_API_KEY"].encode() not in reply.body


def test_metrics_count_what_was_answered(mocked: Any) -> None:
    before = mocked.counter("ok")
    stage = 'target_stage_seconds_count{part="running",stage="search"} '
    searched = mocked.metric(stage)
    mocked.ask()
    mocked.post("/ask", QUESTION)
    assert (mocked.counter("ok"), mocked.metric(stage)) == (before + 2, searched + 2)
    assert mocked.metric("target_inflight_requests ") == 0
    assert mocked.metric("target_loop_lag_seconds_count ") > 0
    queued = 'target_executor_queued{executor="preprocess-pool"} '
    wait_until(lambda: mocked.metric(queued) == 0)  # of a client that left, it is seen a moment later
    assert mocked.get("/metrics").headers["content-type"].startswith("text/plain")


def test_mock_embeddings_import_no_torch_where_the_index_is_there(
    mocked: Any, environment: dict[str, str]
) -> None:
    """`mocked` has started, so that it is."""
    program = (
        "import sys; from target_app.app import app\n"
        "from target_app.service import load; from target_app.settings import load_settings\n"
        "loaded = load(load_settings()); assert loaded.retrieval.retrieve_now('x', 2).hits\n"
        "print(sorted({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))"
    )
    argv, env = [sys.executable, "-c", program], environment
    run = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, timeout=LIMIT_S)
    assert (run.returncode, run.stdout.strip()) == (0, "[]"), run.stderr
