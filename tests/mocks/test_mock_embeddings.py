"""Mock embeddings: unit vectors near stored ones, which depend on the text alone."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocks.embeddings import COSINES, MockEmbeddings, Vectors
from support import ROOT


def stored(count: int = 1000, dimension: int = 384) -> Vectors:
    """Unit vectors as a model's: in clusters, all on one side."""
    random = np.random.RandomState(7)
    topics = random.standard_normal((40, dimension)) + 0.5
    vectors = topics[np.arange(count) % 40] + 0.9 * random.standard_normal((count, dimension))
    unit: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


@given(
    texts=st.lists(st.text(max_size=50), max_size=8), count=st.integers(1, 20), dimension=st.integers(1, 40)
)
def test_shape_type_and_length(texts: list[str], count: int, dimension: int) -> None:
    vectors = MockEmbeddings(stored(count, dimension)).embed(texts)
    assert vectors.shape == (len(texts), dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_text_has_one_vector_whatever_its_company() -> None:
    embeddings = MockEmbeddings(stored())
    alone = embeddings.embed(["what is json.dumps?"])[0]
    assert np.array_equal(embeddings.embed(["another", "what is json.dumps?"])[1], alone)


def test_the_same_in_another_process() -> None:
    code = (
        "import sys, numpy, mocks.llm, mocks.openai_server; from mocks.embeddings import MockEmbeddings\n"
        "print(MockEmbeddings(numpy.eye(9, dtype='f4')).embed(['grüße \\ud800']).tobytes().hex())\n"
        "print(*{m.partition('.')[0] for m in sys.modules} & {'torch', 'fastapi', 'uvicorn', 'target_app'})"
    )
    other = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
        env={"PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    here = MockEmbeddings(np.eye(9, dtype=np.float32)).embed(["grüße \ud800"])
    assert other.stdout.split("\n") == [here.tobytes().hex(), "", ""]  # and it brings no torch


def test_texts_are_near_passages_as_questions_are_and_near_all_of_them_in_turn() -> None:
    passages = stored(100)
    vectors = MockEmbeddings(passages).embed([f"question {number}" for number in range(3000)])
    cosines = vectors @ passages.T
    nearest = np.sort(cosines, axis=1)[:, -1]
    assert np.quantile(nearest, 0.02) > COSINES[0] - 0.05
    assert np.quantile(nearest, 0.98) < COSINES[1] + 0.05
    assert len(np.unique(vectors, axis=0)) > 2400  # of 8192 places
    times_found = np.bincount(cosines.argmax(axis=1), minlength=100)
    assert times_found.min() > 0
    assert times_found.max() < 90


def test_searching_an_hnsw_index_costs_and_finds_what_it_does_with_real_questions() -> None:
    """Distances computed are the cost that no machine's speed changes. Here a passage itself, a little
    disturbed, is the real question."""
    import faiss

    passages = stored(3000, 64)
    random = np.random.RandomState(1)
    real = passages[:300] + 0.05 * random.standard_normal((300, 64)).astype(np.float32)
    mocked = MockEmbeddings(passages).embed([f"question {number}" for number in range(300)])
    index = faiss.IndexHNSWFlat(64, 16, faiss.METRIC_INNER_PRODUCT)
    index.add(passages)
    exact = faiss.IndexFlatIP(64)
    exact.add(passages)
    statistics = faiss.cvar.hnsw_stats

    def searched(vectors: Vectors) -> tuple[float, float]:
        statistics.reset()
        found = index.search(np.ascontiguousarray(vectors), 5)[1]
        distances = statistics.ndis / len(vectors)
        wanted = exact.search(np.ascontiguousarray(vectors), 5)[1]
        hits = sum(len(set(a) & set(b)) for a, b in zip(found.tolist(), wanted.tolist(), strict=True))
        return distances, hits / wanted.size

    (real_cost, real_recall), (mock_cost, mock_recall) = searched(real), searched(mocked)
    assert mock_cost == pytest.approx(real_cost, rel=0.15)
    assert mock_recall == pytest.approx(real_recall, abs=0.1)


def test_vectors_handed_out_are_no_copies_and_cannot_be_spoilt_for_the_next() -> None:
    with pytest.raises(ValueError, match="read-only"):
        MockEmbeddings(stored(5, 4)).embed(["x"])[0, 0] = 2


@pytest.mark.parametrize("shape", [(0, 384), (3, 0), (5,)])
def test_passages_are_needed(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="passages, dimension"):
        MockEmbeddings(np.empty(shape, dtype=np.float32))
