"""Built indexes on disk, by model and corpus: written whole or not at all, by one process at a time."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from target_app.corpus import Corpus
from target_app.embeddings import ArrayEmbeddings, Vectors
from target_app.index import HNSW_BUILD_EFFORT, HNSW_NEIGHBOURS, build_hnsw

log = logging.getLogger("uvicorn.error")

FORMAT = 2
VECTORS = "vectors.npy"
PROBES = "probes.npy"
GRAPH = "hnsw.faiss"
DIGESTS = "sha256.json"


@dataclass(frozen=True, kw_only=True)
class Built:
    """Vectors of the passages and of the probing questions, and the graph over the passages."""

    vectors: Vectors
    probes: Vectors
    graph: Any


def cache_key(model: str, corpus: str) -> str:
    """Folder name for one model over one corpus, as this code and this FAISS build it."""
    parts = f"{FORMAT} {model} {corpus} {HNSW_NEIGHBOURS} {HNSW_BUILD_EFFORT} {faiss.__version__}"
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def build(corpus: Corpus, embeddings: ArrayEmbeddings) -> Built:
    """Embed everything and link the graph."""
    vectors = embeddings.embed_passages([passage.text for passage in corpus.passages])
    probes = embeddings.embed_array(list(corpus.questions))
    return Built(vectors=vectors, probes=probes, graph=build_hnsw(vectors))


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each file of an index: FAISS takes a graph with a wrong link in it, and crashes later."""
    found = {}
    for name in (VECTORS, PROBES, GRAPH):
        with (folder / name).open("rb") as file:
            found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def read(folder: Path) -> Built | None:
    """What an earlier start built; None if there is none, or it is not as it was written."""
    try:
        if json.loads((folder / DIGESTS).read_bytes()) != digests(folder):
            return None
        return Built(
            vectors=np.load(folder / VECTORS),
            probes=np.load(folder / PROBES),
            graph=faiss.read_index(str(folder / GRAPH)),
        )
    except (OSError, ValueError, RuntimeError):
        return None


def write(folder: Path, built: Built) -> None:
    """Put a finished folder in its place in one step; a broken one there gives way.

    Raises:
        OSError: the cache cannot be written.
    """
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder.parent))
    try:
        np.save(draft / VECTORS, built.vectors)
        np.save(draft / PROBES, built.probes)
        (draft / GRAPH).write_bytes(faiss.serialize_index(built.graph).tobytes())
        (draft / DIGESTS).write_text(json.dumps(digests(draft)))
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """One builder at a time: two starts at once would each take twice as long to build the same."""
    try:
        import fcntl
    except ImportError:  # not a Unix: both build, and the last one to finish stays
        yield
        return
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def load_or_build(
    root: Path, corpus: Corpus, identity: str, load_model: Callable[[], ArrayEmbeddings]
) -> Built:
    """The cached index of the model of this identity, or a new one that is then cached; a cache that cannot
    be used is only said. The model is loaded only to build."""
    folder = root / "index" / cache_key(identity, corpus.digest)
    if (cached := read(folder)) is not None:
        log.info("index: %d passages from the cache", len(corpus.passages))
        return cached
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(folder.parent, os.W_OK):
            raise PermissionError(13, "not writable")
        with _alone(folder.with_suffix(".lock")):
            if (cached := read(folder)) is not None:
                log.info("index: %d passages from the cache, built meanwhile", len(corpus.passages))
                return cached
            if folder.exists():
                log.warning("index: the cached one is damaged, it is built again: %s", folder)
            built = _build_aloud(corpus, load_model)
            try:
                write(folder, built)
            except OSError as error:
                log.warning("index: kept in memory only, %s cannot be written: %s", root, error.strerror)
            return built
    except OSError as error:
        log.warning("index: kept in memory only, %s cannot be written: %s", root, error.strerror)
        return _build_aloud(corpus, load_model)


def _build_aloud(corpus: Corpus, load_model: Callable[[], ArrayEmbeddings]) -> Built:
    log.info("index: building over %d passages, once", len(corpus.passages))
    began = time.monotonic()
    built = build(corpus, load_model())
    log.info("index: built, %.0f s", time.monotonic() - began)
    return built
