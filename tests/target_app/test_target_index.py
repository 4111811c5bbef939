"""The built index: one for a model and a corpus, mocked or not, whole or built again, by one process."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from target_app import cache, service
from target_app.cache import Built, load_or_build
from target_app.corpus import Corpus, load_corpus
from target_app.embeddings import ArrayEmbeddings, MockedEmbeddings, Vectors
from target_app.settings import Settings


class FakeModel(ArrayEmbeddings):
    """Vectors by length and letters; counts how often it was loaded."""

    loads = 0

    def __init__(self, name: str = "", threads: int | None = None) -> None:
        type(self).loads += 1

    def embed_array(self, texts: Sequence[str]) -> Vectors:
        rows = np.array([[len(t), *np.bincount([ord(c) % 7 for c in t], minlength=7)] for t in texts])
        unit: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
        return unit


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.txt").write_text(f"Better late than never, {'again ' * number}.")
    return load_corpus(folder)


def never() -> ArrayEmbeddings:
    raise AssertionError("the model was loaded")


def equal(one: Built, other: Built) -> bool:
    return np.array_equal(one.vectors, other.vectors) and np.array_equal(one.probes, other.probes)


def test_building_is_said_at_its_start_and_end_and_done_once(
    tmp_path: Path, corpus: Corpus, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "uvicorn.error"):
        built = load_or_build(tmp_path / "cache", corpus, "model", FakeModel)
    said = [record.getMessage() for record in caplog.records]
    assert said == ["index: building over 6 passages, once", "index: built, 0 s"]
    assert equal(load_or_build(tmp_path / "cache", corpus, "model", never), built)


def test_another_model_has_an_index_of_its_own(tmp_path: Path, corpus: Corpus) -> None:
    load_or_build(tmp_path, corpus, "model", FakeModel)
    with pytest.raises(AssertionError, match="was loaded"):
        load_or_build(tmp_path, corpus, "another", never)


@pytest.mark.parametrize(("file", "damage"), [
    (cache.VECTORS, "truncated"), (cache.VECTORS, "one byte"), (cache.PROBES, "garbage"),
    (cache.GRAPH, "one byte"), (cache.GRAPH, "gone"), (cache.DIGESTS, "truncated"),
])  # fmt: skip
def test_a_damaged_index_is_built_again_and_said(
    tmp_path: Path, corpus: Corpus, caplog: pytest.LogCaptureFixture, file: str, damage: str
) -> None:
    built = load_or_build(tmp_path, corpus, "model", FakeModel)
    (path,) = tmp_path.glob(f"index/*/{file}")
    whole = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        middle = len(whole) // 2
        one_byte = whole[:middle] + bytes([whole[middle] ^ 0x55]) + whole[middle + 1 :]
        path.write_bytes({"truncated": whole[:middle], "garbage": b"\xff" * 99, "one byte": one_byte}[damage])
    caplog.clear()
    assert equal(load_or_build(tmp_path, corpus, "model", FakeModel), built)
    assert any("damaged" in one.getMessage() and str(tmp_path) in one.getMessage() for one in caplog.records)
    assert path.read_bytes() == whole


def test_several_at_once_build_it_once(tmp_path: Path, corpus: Corpus) -> None:
    FakeModel.loads = 0
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: load_or_build(tmp_path, corpus, "model", FakeModel), range(4)))
    assert FakeModel.loads == 1
    assert all(equal(found[0], one) for one in found)


def test_mocked_or_not_it_is_the_same_index_with_the_same_effort(
    tmp_path: Path, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever starts first builds it; a mock that finds it loads no model."""
    FakeModel.loads = 0
    monkeypatch.setattr(service, "SentenceTransformerEmbeddings", FakeModel)
    folders = {"cache_dir": tmp_path / "cache", "knowledge_base_dir": tmp_path / "texts"}
    mock = Settings(**folders, use_mock_embeddings=True)
    first, real = service.load(mock), service.load(mock.model_copy(update={"use_mock_embeddings": False}))
    assert FakeModel.loads == 2  # to build, and for the real questions
    second = service.load(mock)
    assert FakeModel.loads == 2
    assert isinstance(second.embeddings, MockedEmbeddings)
    question = np.array([[1.0] * 8], dtype=np.float32)
    found = set()
    for one in (first, real, second):
        found.add((one.store.index.hnsw.efSearch, *one.store.index.search(question, 6)[1][0].tolist()))
        one.retrieval.close()
    assert len(found) == 1
    assert len(list((tmp_path / "cache" / "index").glob("*/hnsw.faiss"))) == 1


def test_a_slow_search_on_the_loop_is_warned_of_and_stays_there(
    tmp_path: Path, corpus: Corpus, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(service, "SentenceTransformerEmbeddings", FakeModel)
    settings = Settings(cache_dir=tmp_path / "cache", knowledge_base_dir=tmp_path / "texts")

    def warned(cost_ms: float, **changes: str) -> tuple[bool, str]:
        monkeypatch.setattr(service, "search_cost_ms", lambda *_: cost_ms)
        caplog.clear()
        loaded = service.load(settings.model_copy(update=changes))
        loaded.retrieval.close()
        said = any("SEARCH_EXECUTOR=pool" in one.getMessage() for one in caplog.records)
        return said, loaded.retrieval.executors.search

    assert warned(5.0) == (True, "loop")
    assert warned(0.1) == (False, "loop")
    assert warned(5.0, search_executor="pool") == (False, "search-pool")
    assert warned(5.0, retrieval="blocking") == (False, "loop")
