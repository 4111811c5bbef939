"""Mock embeddings: unit vectors that depend on the text alone."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocks.embeddings import MockEmbeddings

ROOT = Path(__file__).resolve().parents[2]


@given(st.lists(st.text(max_size=50), max_size=8), st.integers(1, 800))
def test_shape_type_and_length(texts: list[str], dimension: int) -> None:
    vectors = MockEmbeddings(dimension).embed(texts)
    assert vectors.shape == (len(texts), dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_text_has_one_vector_whatever_its_company() -> None:
    embeddings = MockEmbeddings(384)
    alone = embeddings.embed(["what is json.dumps?"])[0]
    assert np.array_equal(embeddings.embed(["another", "what is json.dumps?"])[1], alone)
    assert np.array_equal(MockEmbeddings(384).embed(["what is json.dumps?"])[0], alone)


def test_the_same_in_another_process() -> None:
    code = (
        "from mocks.embeddings import MockEmbeddings;"
        "print(MockEmbeddings(768).embed(['grüße \\ud800']).tobytes().hex())"
    )
    other = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={"PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT)},
    )
    assert other.stdout.strip() == MockEmbeddings(768).embed(["grüße \ud800"]).tobytes().hex()


def test_ten_thousand_texts_have_ten_thousand_unlike_vectors() -> None:
    vectors = MockEmbeddings(384).embed([f"passage {n}" for n in range(10_000)])
    assert len(np.unique(vectors[:, :4], axis=0)) == 10_000
    likeness = vectors[:500] @ vectors[500:1000].T
    assert abs(float(likeness.mean()) - 0.5) < 0.01
    assert float(likeness.max()) < 0.8
    assert float(likeness.min()) >= 0


def test_a_query_takes_next_to_no_time() -> None:
    embeddings = MockEmbeddings(384)
    embeddings.embed(["the table is made at the first"])
    rounds = []
    for turn in range(5):
        start = time.perf_counter()
        for n in range(200):
            embeddings.embed([f"question {turn} {n}"])
        rounds.append((time.perf_counter() - start) / 200)
    assert min(rounds) < 100e-6


@pytest.mark.parametrize("dimension", [0, -1])
def test_a_vector_needs_a_dimension(dimension: int) -> None:
    with pytest.raises(ValueError, match="at least one dimension"):
        MockEmbeddings(dimension)


def test_mocks_bring_no_torch_and_nothing_of_ours() -> None:
    code = (
        "import sys, mocks.embeddings, mocks.llm, mocks.openai_server;"
        "print(sorted({m.partition('.')[0] for m in sys.modules} &"
        "{'torch','fastapi','uvicorn','records','loadgen','target_app','sweep','reports','profiler'}))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.strip() == "[]"
