"""Texts of unlike length in one pass without padding: their tokens stand in one row, and attend to their own.

A batch that is padded to its longest text computes for nothing what it pads: a quarter of all tokens where
questions have 9 to 18. What serves embeddings in earnest packs them too (text-embeddings-inference does).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_TOKENS = 1024
"""Of one row: attention costs the square of its length, and for longer rows more than padding does."""


class Packing:
    """A sentence-transformers model whose token vectors are averaged, run over packed rows."""

    def __init__(self, model: Any) -> None:
        import torch

        self._torch = torch
        self._tokenizer = model.tokenizer
        self._most = model.max_seq_length
        self._transformer = model[0].auto_model

    @staticmethod
    def suits(model: Any) -> bool:
        """Whether it is BERT, which can be told each token's position, with a mean and at most a norm."""
        kinds = [type(module).__name__ for module in model]
        return (
            kinds[:2] == ["Transformer", "Pooling"]
            and kinds[2:] in ([], ["Normalize"])
            and type(model[0].auto_model).__name__ == "BertModel"
            and model[1].pooling_mode == "mean"
            and not model.default_prompt_name
        )

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32] | None:
        """(len(texts), dimension) float32, each row of length 1; None: together they are too long."""
        torch = self._torch
        tokens = self._tokenizer(list(texts), truncation=True, max_length=self._most)["input_ids"]
        lengths = torch.tensor([len(one) for one in tokens])
        if int(lengths.sum()) > MOST_TOKENS:
            return None
        row = torch.tensor([[token for one in tokens for token in one]])
        owner = torch.repeat_interleave(torch.arange(len(texts)), lengths)
        foreign = owner[:, None] != owner[None, :]
        with torch.inference_mode():
            seen = self._transformer(
                input_ids=row,
                position_ids=torch.cat([torch.arange(int(length)) for length in lengths])[None],
                attention_mask=torch.zeros(foreign.shape).masked_fill_(foreign, float("-inf"))[None, None],
            ).last_hidden_state[0]
            sums = torch.zeros(len(texts), seen.shape[1]).index_add_(0, owner, seen)
            vectors: NDArray[np.float32] = torch.nn.functional.normalize(sums).numpy()
        return vectors
