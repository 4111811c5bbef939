"""What kind of work a library does, told by its name. Data; an app's own names are nobody's evidence."""

from __future__ import annotations

import re

from records.inside import Work

OWN = "own"
"""The app's own code, or what it calls without a frame of Python."""

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
    if work.doing in ("client-setup", "model-load"):
        return work.doing
    if not work.called:
        return OWN
    module = work.called.partition(":")[0]
    return next((kind for pattern, kind in _FAMILIES if pattern.match(module)), "other")
