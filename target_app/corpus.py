"""What is searched: the standard library's documentation strings, or a folder of text and Markdown."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

WALKER = Path(__file__).with_name("stdlib_walk.py")
WALK_TIMEOUT_S = 120
SNIPPET_CHARS = 400
EMBEDDED_DOC_CHARS = 60  # whole docstrings take three times as long and find less of what is asked
SHORTEST_METHOD_DOC = 40  # characters; below it a method's docstring repeats its name
CHUNK_CHARS = 1200
MAX_CHUNKS = 4  # of one object or file section; the long tail of a few giants is not worth a minute
TEXT_SUFFIXES = frozenset({".md", ".markdown", ".rst", ".txt"})


class CorpusError(Exception):
    """The knowledge base cannot be read or holds nothing; the message is for the user."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """One thing to find. `id` and `snippet` are shown, `text` is what the model sees."""

    id: str
    snippet: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """All passages, and the hash that names them in the cache (hex)."""

    passages: tuple[Passage, ...]
    questions: tuple[str, ...]
    digest: str


def load_corpus(folder: Path | None) -> Corpus:
    """The folder's texts, or the standard library's documentation when there is no folder.

    Raises:
        CorpusError: the folder is absent, unreadable or empty, or the walk failed.
    """
    passages = _folder_passages(folder) if folder is not None else stdlib_passages()
    if not passages:
        raise CorpusError(f"the knowledge base {folder} holds no text ({', '.join(sorted(TEXT_SUFFIXES))})")
    digest = hashlib.sha256()
    for passage in passages:
        digest.update(f"{passage.id}\0{passage.snippet}\0{passage.text}\1".encode("utf-8", "replace"))
    return Corpus(passages=tuple(passages), questions=_questions(passages), digest=digest.hexdigest())


def split_words(name: str) -> str:
    """`http.client.HTTPConnection` -> `http client HTTP Connection`: the words a model knows."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", re.sub(r"[._]+", " ", name))
    return spaced.strip()


def stdlib_passages() -> list[Passage]:
    """Passages for every documented public object of the running Python's standard library."""
    try:
        run = subprocess.run(
            [sys.executable, "-I", str(WALKER)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=WALK_TIMEOUT_S,
            check=True,
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise CorpusError(f"the standard library's documentation could not be read: {error}") from error
    passages: list[Passage] = []
    names: set[str] = set()
    for line in run.stdout.splitlines():
        entry = json.loads(line)
        if entry["name"] not in names and _says_something(entry):
            names.add(entry["name"])
            passages += _object_passages(entry)
    return passages


def _says_something(entry: dict[str, str]) -> bool:
    """Leave out properties and one-phrase methods: they cost building time and answer nothing."""
    if entry["kind"] == "method":
        return len(entry["doc"]) >= SHORTEST_METHOD_DOC
    return entry["kind"] != "property"


def _object_passages(entry: dict[str, str]) -> list[Passage]:
    name, doc = entry["name"], entry["doc"]
    found = []
    for number, chunk in enumerate(_chunks(doc), start=1):
        flat = " ".join(chunk.split())
        head = f"{name}{entry['signature']}" if number == 1 else name
        if number == 1:
            # The name opens the passage as a question would hold it, and again with its words split.
            text = f"What does the {entry['kind']} {name} do? {name}: {flat[:EMBEDDED_DOC_CHARS]}"
        else:
            text = f"{split_words(name)}, more: {flat[:EMBEDDED_DOC_CHARS]}"
        found.append(
            Passage(
                id=name if number == 1 else f"{name}#{number}",
                snippet=f"{head}\n{chunk}"[:SNIPPET_CHARS],
                text=text,
            )
        )
    return found


def _chunks(text: str) -> list[str]:
    """Pieces of about CHUNK_CHARS, cut at paragraphs where there are any."""
    pieces: list[str] = []
    current = ""
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        while len(paragraph) > CHUNK_CHARS:
            pieces += [current] if current else []
            current, paragraph = paragraph[:CHUNK_CHARS], paragraph[CHUNK_CHARS:]
        if current and len(current) + len(paragraph) > CHUNK_CHARS:
            pieces.append(current)
            current = paragraph
        else:
            current = f"{current}\n\n{paragraph}" if current else paragraph
    return [*pieces, current][:MAX_CHUNKS]


def _folder_passages(folder: Path) -> list[Passage]:
    if not folder.is_dir():
        raise CorpusError(f"KNOWLEDGE_BASE_DIR={folder} is not a folder")
    passages = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in TEXT_SUFFIXES or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8", errors="replace").strip()
        except OSError as error:
            raise CorpusError(f"{path} cannot be read: {error.strerror}") from error
        name = path.relative_to(folder).as_posix()
        for number, chunk in enumerate(_chunks(text) if text else [], start=1):
            passages.append(
                Passage(
                    id=name if number == 1 else f"{name}#{number}",
                    snippet=f"{name}\n{chunk}"[:SNIPPET_CHARS],
                    text=f"{split_words(name)}: {' '.join(chunk.split())}",
                )
            )
    return passages


def _questions(passages: list[Passage], count: int = 100) -> tuple[str, ...]:
    """Evenly spread questions, by which the index's recall is measured at start."""
    named = [passage.id for passage in passages if "#" not in passage.id]
    step = max(1, len(named) // count)
    return tuple(f"What does {name} do?" for name in named[::step][:count])
