"""What runs each stage, and where: as settings choose, as `/config` says, and as it is seen to run."""

import asyncio
import itertools
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from records.services.served import Served
from target_app import llm as llm_module
from target_app import preprocess, service
from target_app.dialects import QuietSink
from target_app.embeddings import ArrayEmbeddings, MockedEmbeddings, Vectors
from target_app.index import FaissStore
from target_app.llm import SyncLLM, make_llm
from target_app.metrics import Metrics
from target_app.pipeline import Pipeline
from target_app.service import Service
from target_app.settings import Settings
from target_app.wire import AskRequest
from workloads.checks.facts import Facts
from workloads.checks.same_path import same_path

MOCKS = list(itertools.product([False, True], repeat=2))
WAYS: list[dict[str, str]] = [
    {}, {"search_executor": "pool"}, {"retrieval": "threaded"}, {"retrieval": "blocking"},
    {"preprocessing": "inline", "llm_client": "threaded"}, {"llm_client": "blocking", "index": "flat"},
    {"retrieval": "langchain", "llm_client": "langchain"},
]  # fmt: skip
Ran = dict[str, str]


class SentenceTransformerEmbeddings(ArrayEmbeddings):
    """In the model's place, under its name."""

    def __init__(self, name: str, threads: int | None) -> None: ...

    def embed_array(self, texts: Sequence[str]) -> Vectors:
        return np.ones((len(texts), 4), dtype=np.float32) / 2


def request(characters: int = 10) -> AskRequest:
    return AskRequest(query="x" * characters, embedding_model="a:b", llm_model="a:b", prompt="Answer.")


def thread() -> str:
    """`loop`, or the pool that the calling thread belongs to."""
    name = threading.current_thread().name
    pool = name.rpartition("_")[0].replace("asyncio", "default-executor")
    return "loop" if name == threading.main_thread().name else pool


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Ran:
    """Where each stage was last seen to run, gathered in the code that does its work."""
    seen: Ran = {}

    def noting(stage: str, owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def noted(*args: Any, **kwargs: Any) -> Any:
            seen[stage] = thread()
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, noted)

    monkeypatch.setattr(service, "SentenceTransformerEmbeddings", SentenceTransformerEmbeddings)
    noting("preprocess", preprocess, "prepare")
    noting("embed", SentenceTransformerEmbeddings, "embed_array")
    noting("embed", MockedEmbeddings, "embed_array")
    noting("search", FaissStore, "search_vector")
    noting("llm", llm_module, "stream_words")
    noting("llm", llm_module, "_piece")
    return seen


def settings(folder: Path, **changes: Any) -> Settings:
    cache, url = folder.parent / "paths", "http://127.0.0.1:1"
    return Settings(knowledge_base_dir=folder, cache_dir=cache, openai_base_url=url, **changes)


async def paths_of(wanted: Settings, ran: Ran, asked: AskRequest) -> dict[str, str]:
    """What is said once it is loaded, which is what was said before; a question answered meanwhile."""
    built, llm = Service(wanted), make_llm(wanted)
    pipeline = Pipeline(built, llm, Metrics())
    try:
        before = pipeline.paths()
        await built.load()
        ran.clear()
        await pipeline.answer(asked, QuietSink())
        assert pipeline.paths() == before
        return before
    finally:
        pipeline.close()
        built.close()
        await llm.close()


def check_ran(wanted: Settings, paths: dict[str, str], ran: Ran) -> None:
    """Stages ran where it is said, and where the settings say."""
    served = Served(config=wanted.configuration, settings=wanted.public(), paths=paths)
    check = same_path(Facts(served=served))
    assert check.status == "pass", check.text
    said = {stage: path.partition("@")[2] for stage, path in paths.items()}
    said["preprocess"] = "loop"  # of so short a question
    del said["prompt"]
    if wanted.llm_client in ("async", "langchain") and not wanted.use_mock_llm:
        del said["llm"]  # nobody listens: there is no piece
    assert ran == said


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(way.values()) or "default")
def test_configurations_differ_in_the_stages_that_they_name_alone_and_run_where_they_say(
    knowledge: Path, ran: Ran, monkeypatch: pytest.MonkeyPatch, way: dict[str, str]
) -> None:
    chunk = type("Chunk", (), {"choices": []})
    opened = type("Opened", (), {"close": lambda self: None, "response": None})
    pieces = lambda self, messages: (opened(), (llm_module._piece(one) or "x" for one in [chunk]))  # noqa: E731
    monkeypatch.setattr(SyncLLM, "_open", pieces)
    monkeypatch.setattr(llm_module, "_hang_up", lambda stream: None)
    found = {}
    for mocks in MOCKS:
        wanted = settings(knowledge, use_mock_embeddings=mocks[0], use_mock_llm=mocks[1], **way)
        found[mocks] = asyncio.run(paths_of(wanted, ran, request()))
        check_ran(wanted, found[mocks], ran)
    baseline = found[False, False]
    assert set(baseline) == {"preprocess", "embed", "search", "prompt", "llm"}
    for (embeddings, llm), paths in found.items():
        mocked = {stage for stage, on in (("embed", embeddings), ("llm", llm)) if on}
        assert {stage for stage in paths if paths[stage] != baseline[stage]} == mocked
        assert all(paths[stage].startswith("Mocked") for stage in mocked)
        # What a LangChain store is searched by embeds the question, too, whoever makes the vector.
        moved = {stage for stage in mocked if not paths[stage].endswith("@loop")}
        assert moved == ({"embed"} & mocked if way.get("retrieval") == "langchain" else set())


@pytest.mark.parametrize(("preprocessing", "where"), [("offloaded", "preprocess-pool"), ("inline", "loop")])
def test_a_large_request_is_prepared_in_the_pool_if_there_is_one(
    knowledge: Path, ran: Ran, preprocessing: str, where: str
) -> None:
    wanted = settings(knowledge, use_mock_embeddings=True, use_mock_llm=True, preprocessing=preprocessing)
    paths = asyncio.run(paths_of(wanted, ran, request(characters=50_000)))
    assert ran["preprocess"] == where
    assert paths["preprocess"].partition("@")[2] in (where, f"loop-or-{where}")
