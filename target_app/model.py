"""The real embedding model: sentence-transformers on torch, which are imported only when it is loaded."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import numpy as np
from numpy.typing import NDArray

from target_app.embeddings import ArrayEmbeddings, ModelError
from target_app.model_files import EMBEDDED_SHA256, WEIGHTS, fingerprint, model_folder, verify
from target_app.packing import Packing

log = logging.getLogger("uvicorn.error")

BATCH = 64
SLICE = 512  # passages between two lines of progress


class SentenceTransformerEmbeddings(ArrayEmbeddings):
    """A sentence-transformers model, by name or path; empty: the embedded default.

    Raises:
        ModelError: there is no such model, or it cannot be loaded.
    """

    def __init__(self, name: str, threads: int | None) -> None:
        self._folder = model_folder(name)
        if self._folder is not None:
            os.environ["HF_HUB_OFFLINE"] = "1"  # a local model asks nobody
            if not name:
                verify(self._folder / WEIGHTS, EMBEDDED_SHA256)
        try:
            import torch
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging as transformers_logging
        except ImportError as error:
            raise ModelError(f"the model's libraries are not installed: {error}") from error
        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        self._torch = torch
        self._threads = threads
        if threads:
            torch.set_num_threads(threads)
        self.torch_threads = torch.get_num_threads()
        try:
            self._model: Any = SentenceTransformer(str(self._folder or name), device="cpu")
        except Exception as error:  # the hub, the file system and torch each raise their own
            reason = " ".join(str(error).split())[:300]
            raise ModelError(f"the model {name or self._folder} cannot be loaded: {reason}") from error
        self._packing = Packing(self._model) if Packing.suits(self._model) else None
        self._dimension = int(self._model.get_embedding_dimension())
        self._expected = self._fingerprint()

    def _fingerprint(self) -> str:
        return "" if self._folder is None else fingerprint(self._folder)

    def check(self) -> None:
        """As the original's check on every request: synchronous, on whatever thread asks.

        Raises:
            ModelError: the model's files have changed since they were loaded.
        """
        if self._fingerprint() != self._expected:
            raise ModelError("the model's files have changed since they were loaded")

    def embed_array(self, texts: Sequence[str]) -> NDArray[np.float32]:
        packed = self._packing.embed(texts) if self._packing and len(texts) > 1 else None
        return self._encode(texts) if packed is None else packed

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors: NDArray[np.float32] = self._model.encode(
            list(texts),
            batch_size=BATCH,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return vectors.astype(np.float32, copy=False)

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """All passages, those of a length together, for padding costs as much as words; says how far it is.

        One torch thread in each of as many Python threads as there are cores: they never wait for each
        other, where torch's own team waits for its slowest member in every layer.
        """
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        vectors = np.empty((len(texts), self._dimension), dtype=np.float32)
        slices = [order[start : start + SLICE] for start in range(0, len(order), SLICE)]
        usual = self._torch.get_num_threads()
        self._torch.set_num_threads(1)
        began, done = time.monotonic(), 0
        try:
            with ThreadPoolExecutor(self._threads or usual, "build") as pool:
                # Longest first, so that no thread is left alone with the longest at the end.
                jobs = {pool.submit(self._embed_slice, texts, places): places for places in reversed(slices)}
                for job in as_completed(jobs):
                    vectors[jobs[job]] = job.result()
                    done += len(jobs[job])
                    log.info(
                        "index: %d of %d passages embedded, %.0f s",
                        done,
                        len(order),
                        time.monotonic() - began,
                    )
        finally:
            self._torch.set_num_threads(usual)
        return vectors

    def _embed_slice(self, texts: Sequence[str], places: Sequence[int]) -> NDArray[np.float32]:
        self._torch.set_num_threads(1)  # OpenMP counts per thread
        return self._encode([texts[place] for place in places])
