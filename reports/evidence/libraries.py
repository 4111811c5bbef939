"""What kind of work a library does, told by its name. Data; an app's own names are nobody's evidence."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from records.evidence.inside import Work

OWN = "own"
"""The app's own code, or what it calls without a frame of Python."""
UNNAMED = "other"
"""A library that is not known."""

_CALLS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(names), kind)
    for names, kind in (
        (r"sha\d+|md5|blake2\w|file_digest|(hex)?digest|read_bytes|read_text|iterdir|r?glob|listdir|scandir|walk"
         r"|getmtime|getsize|exists|is_file|is_dir|l?stat|fstat", "model-load"),
        (r"sub|subn|findall|finditer|fullmatch|r?split|splitlines|normalize|unescape|escape|translate|lower"
         r"|casefold|encode_ordinary|encode_batch|tokenize|count_tokens|num_tokens\w*", "text"),
        (r"knn_query|kneighbors|range_search|get_nns_by_\w+", "search"),
    )
)  # fmt: skip
"""What is written in C and called by the app's own code has no frame, and no module: by its name."""
BY_COMPANY = frozenset(("update", "read", "readinto"))
"""Names that say it only by what the same function calls besides: they are of a hash and a file where files
are looked for, and not of a dictionary."""
AS_DONE = frozenset(("client-setup", "model-load"))
"""Kinds of work that say more than whose library it is."""
TURN_WAIT = "turn-wait"
"""A thread's call is over, and it asks for the interpreter to go on."""
WAITING = frozenset(("blocking-io", "blocking-wait", "lock-wait", "pool-wait", TURN_WAIT))
"""Kinds of work that are none: the thread waits for something else."""

_FAMILIES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), family)
    for pattern, family in (
        (r"(\w+\.)*embeddings?\b", "embedding"),
        (
            r"(sentence_transformers|transformers|torch|onnxruntime|fastembed|optimum|tensorflow|FlagEmbedding"
            r"|llama_cpp|model2vec)\b",
            "embedding",
        ),
        (
            r"(faiss|hnswlib|usearch|annoy|chromadb|qdrant_client|lancedb|pymilvus|weaviate|elasticsearch"
            r"|opensearchpy|rank_bm25|bm25s|scann|pgvector)\b|(\w+\.)*vectorstores?\b|sklearn\.neighbors\b",
            "search",
        ),
        (
            r"(openai|anthropic|litellm|ollama|mistralai|groq|cohere|google\.(genai|generativeai)|vertexai"
            r"|botocore|huggingface_hub\.inference|langchain_\w*(openai|anthropic|ollama|groq|mistralai)"
            r"|langchain_core\.language_models)\b",
            "llm-client",
        ),
        (
            r"(hashlib|pathlib|_pathlib|glob|fnmatch|shutil|tempfile|genericpath|posixpath|safetensors)\b",
            "model-load",
        ),
        (
            r"(re|html|json|string|textwrap|difflib|tiktoken|tokenizers|bs4|markdown|nltk|spacy|lxml|pypdf"
            r"|unicodedata|encodings|pydantic)\b",
            "text",
        ),
        (r"(requests|urllib3?|httpx|httpcore|http|socket|ssl|aiohttp|psycopg\w*|pymysql|redis)\b", "network"),
    )
)  # fmt: skip


def family(work: Work) -> str:
    """By what a function in between is known for, else by what the app called."""
    if work.doing in AS_DONE:
        return work.doing
    module, _, function = work.called.partition(":")
    if not module:
        return next((kind for names, kind in _CALLS if names.fullmatch(function)), OWN)
    return next((kind for pattern, kind in _FAMILIES if pattern.match(module)), UNNAMED)


CALLS = 0.1
"""The share of a function's time in a library from which on what it does by itself belongs to that, too: it
prepares it, or is a part of it that Python does not see."""


def by_family(works: Iterable[tuple[Work, float]]) -> list[tuple[str, Work, float]]:
    """Each with its kind of work; what a function of the app's own does by itself, with that of the library
    which it calls most."""
    works = [one for one in works if one[0].doing != TURN_WAIT]
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for work, much in works:
        kinds[function_of(work)][family(work)] += much  # type: ignore[assignment]
    for work, much in works:
        own = kinds[function_of(work)]
        if work.called.lstrip(":") in BY_COMPANY and own["model-load"]:
            own.subtract({family(work): much})
            own["model-load"] += much  # type: ignore[assignment]
    found = []
    for work, much in works:
        kind, own = family(work), kinds[function_of(work)]
        if kind == OWN:
            others = {name: share for name, share in own.items() if name not in (OWN, UNNAMED)}
            most = max(others, key=lambda name: others[name], default=OWN)
            kind = most if others and others[most] >= CALLS * own.total() else OWN
        found.append((kind, work, much))
    return found


def function_of(work: Work) -> str:
    return function_at(work.where)


def function_at(line: str) -> str:
    """``retrieve (app.py``: without its line."""
    return line.rpartition(":")[0]
