"""Cells that say what they run, and are what their names say."""

from typing import Any

PATHS = {
    "preprocess": "Words@loop", "embed": "MiniLm@pool", "search": "Hnsw@loop",
    "prompt": "Template@loop", "llm": "OpenAi@loop",
}  # fmt: skip


SETTINGS = {
    "USE_MOCK_EMBEDDINGS": False, "USE_MOCK_LLM": False, "RETRIEVAL": "async",
    "OPENAI_BASE_URL": "http://a", "KNOWLEDGE_BASE_DIR": "/a", "PORT": 1,
}  # fmt: skip


EMBED, LLM = {"embed": "Mock@loop"}, {"llm": "Mock@loop"}
NO_EMBED, NO_LLM = {"USE_MOCK_EMBEDDINGS": True}, {"USE_MOCK_LLM": True}
MOCKED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "baseline": ({}, {}), "mock-embeddings": (EMBED, NO_EMBED), "mock-llm": (LLM, NO_LLM),
    "mock-both": (EMBED | LLM, NO_EMBED | NO_LLM),
}  # fmt: skip


def spec(made: Any, config: str, *, paths: Any = None, settings: Any = None, **more: Any) -> Any:
    """A cell that says what it runs, and that is what its name says, but for what is given."""
    own_paths, own_settings = MOCKED.get(config, ({}, {}))
    paths = {**PATHS, **own_paths, **(paths or {})}
    late_s = 10.0 * list(MOCKED).index(config) if config in MOCKED else 90.0
    own_settings = {**SETTINGS, **own_settings, **(settings or {})}
    return made.spec(config=config, paths=paths, settings=own_settings, late_s=late_s, **more)
