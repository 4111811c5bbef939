"""Variants of a service: a name with settings. The four mocks are variants like any other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

NO, YES = "no", "yes"


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A service as it is measured: what it is called, and the settings that make it so."""

    name: str
    settings: dict[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, kw_only=True)
class Switch:
    """A setting that mocks a stage: what it takes the place of, and what that side is called."""

    setting: str
    stage: str
    part: str
    side: str


EMBEDDINGS = Switch(setting="USE_MOCK_EMBEDDINGS", stage="embed", part="the embeddings", side="embedding")
LLM = Switch(setting="USE_MOCK_LLM", stage="llm", part="the LLM", side="LLM")
SWITCHES = (EMBEDDINGS, LLM)
MOCKS = {
    variant.name: variant
    for variant in (
        Variant(name="baseline", settings={EMBEDDINGS.setting: NO, LLM.setting: NO}),
        Variant(name="mock-embeddings", settings={EMBEDDINGS.setting: YES, LLM.setting: NO}),
        Variant(name="mock-llm", settings={EMBEDDINGS.setting: NO, LLM.setting: YES}),
        Variant(name="mock-both", settings={EMBEDDINGS.setting: YES, LLM.setting: YES}),
    )
}
"""The four that there are without being described. The service derives their names from its settings."""
BASELINE = MOCKS["baseline"]

STAGES = ("preprocess", "embed", "search", "prompt", "llm")
"""Of an answer of the reference app, in order. The app imports nothing of ours: a test compares them."""
STAGES_OF_SETTING = {
    **{switch.setting: (switch.stage,) for switch in SWITCHES},
    "RETRIEVAL": ("embed", "search"),
    "SEARCH_EXECUTOR": ("search",),
    "INDEX": ("search",),
    "PREPROCESSING": ("preprocess",),
    "LLM_CLIENT": ("llm",),
    "LANGCHAIN_STORE": ("embed", "search"),
    "LANGCHAIN_MODEL": ("llm",),
    "MODEL_LOADING": ("embed",),
    "EMBEDDING_MODEL": ("embed",),
    **dict.fromkeys(("RETRIEVAL_THREADS", "DEFAULT_EXECUTOR_THREADS", "TORCH_THREADS", "MAX_INFLIGHT"), ()),
    **dict.fromkeys(("EMBEDDING_CONCURRENCY", "EMBEDDING_BATCH_MS", "PARTIAL_ANSWER", "LLM_MODEL"), ()),
    **dict.fromkeys(("LLM_TIMEOUT_S", "OPENAI_BASE_URL", "OPENAI_API_KEY", "LANGCHAIN_CALLBACKS"), ()),
    **dict.fromkeys(("KNOWLEDGE_BASE_DIR", "CACHE_DIR", "XDG_CACHE_HOME", "POD_NAME"), ()),
    **dict.fromkeys(("DIAL_SECONDS", "DIAL_SEED", "DIAL_DIR"), ()),
}
"""Which stages another value of a setting may run by another class, or elsewhere: all that the reference app
reads, also what moves none, as one that is not here may move any."""


def mocked_by(name: str) -> tuple[Switch, ...] | None:
    """What the variant of that name mocks; None of a name that is not one of `MOCKS`."""
    known = MOCKS.get(name)
    if known is None:
        return None
    return tuple(switch for switch in SWITCHES if known.settings[switch.setting] == YES)


def moves(settings: Iterable[str], stage: str) -> bool:
    """May other values of these settings change what runs a stage? One that we do not know may change any."""
    return any(stage in STAGES_OF_SETTING.get(name, (stage,)) for name in settings)
