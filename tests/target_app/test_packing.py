"""Packed rows: the vectors that the model's own padded batches give, and only where that is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from target_app.model import SentenceTransformerEmbeddings
from target_app.packing import MOST_TOKENS, Packing

TEXTS = [
    "why?",
    "How does asyncio.Semaphore wake the next of its waiters",
    "",
    "json.loads",
]


@pytest.fixture(scope="module")
def model() -> SentenceTransformerEmbeddings:
    return SentenceTransformerEmbeddings("", 1)


def test_a_packed_text_has_the_vector_that_it_has_alone(model: SentenceTransformerEmbeddings) -> None:
    packing = model._packing
    assert packing is not None
    packed = packing.embed(TEXTS)
    assert packed is not None
    assert packed.dtype == np.float32
    alone = np.concatenate([model._encode([text]) for text in TEXTS])
    np.testing.assert_allclose(packed, alone, atol=1e-5)
    np.testing.assert_allclose(model.embed_array(TEXTS), packed, atol=1e-6)


def test_texts_that_are_too_long_together_are_padded(model: SentenceTransformerEmbeddings) -> None:
    long = ["word " * 200] * (MOST_TOKENS // 200 + 1)
    assert model._packing is not None
    assert model._packing.embed(long) is None
    assert model.embed_array(long).shape == (len(long), 384)


def _like(**other: Any) -> Any:
    """Modules of those names, of which one is told otherwise."""
    told = {"modules": ("Transformer", "Pooling", "Normalize"), "kind": "BertModel", "mode": "mean", **other}
    made = [type(name, (), {})() for name in told["modules"]]
    made[0].auto_model = type(told["kind"], (), {})()
    made[1].pooling_mode = told["mode"]

    class Modules(list[Any]):
        default_prompt_name = told.get("prompt")

    return Modules(made)


@pytest.mark.parametrize(
    ("other", "suits"),
    [
        ({}, True),
        ({"kind": "MPNetModel"}, False),
        ({"mode": "cls"}, False),
        ({"modules": ("Transformer", "Pooling", "Dense")}, False),
        ({"prompt": "query"}, False),
    ],
)
def test_only_bert_with_a_mean_is_packed(other: dict[str, Any], suits: bool) -> None:
    assert Packing.suits(_like(**other)) is suits
