"""Where the stages run: the names of the event loop and of the pools, and which of them settings choose."""

from __future__ import annotations

from collections.abc import Callable, Sized
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from weakref import WeakSet

from target_app.settings import Settings

LOOP = "loop"
EMBED_POOL = "embed-pool"
SEARCH_POOL = "search-pool"
RETRIEVAL_POOL = "retrieval-pool"
PREPROCESS_POOL = "preprocess-pool"
LOOP_OR_PREPROCESS_POOL = "loop-or-preprocess-pool"
"""A large request in the pool, any other on the event loop."""
LLM_POOL = "llm-pool"
DEFAULT_EXECUTOR = "default-executor"
"""The event loop's own: at most min(32, CPUs + 4) threads for all that names no other."""
OWN_ASYNC = "own-async"
"""A coroutine that is not ours: on the event loop, unless it hands its work on."""
UNKNOWN = "unknown"
NOT_LOADED = "not-loaded"


class Pool(ThreadPoolExecutor):
    """A pool whose state can be asked for by its name."""

    def __init__(self, threads: int, name: str, initializer: Callable[[], object] | None = None) -> None:
        super().__init__(threads, name, initializer)
        self.name = name
        self.gathering: Sized = ()
        """What waits to be handed to it."""
        _POOLS.add(self)


_POOLS: WeakSet[Pool] = WeakSet()


def pools() -> list[Pool]:
    """All that there are in this process."""
    return list(_POOLS)


@dataclass(frozen=True, kw_only=True)
class RetrievalExecutors:
    """Where a question is embedded, and where the index is searched."""

    embed: str
    search: str

    @classmethod
    def chosen(cls, settings: Settings) -> RetrievalExecutors:
        """By settings alone. A mock answers at once: it needs no pool, and the search stays where it is."""
        if settings.retrieval == "blocking":
            return cls(embed=LOOP, search=LOOP)
        if settings.retrieval == "langchain":
            # Another store is asked once it is loaded; in ours, LangChain runs one method, mocked or not.
            executor = NOT_LOADED if settings.langchain_store else DEFAULT_EXECUTOR
            return cls(embed=executor, search=executor)
        if settings.retrieval == "threaded":
            embed, search = RETRIEVAL_POOL, RETRIEVAL_POOL
        else:
            embed = EMBED_POOL
            search = SEARCH_POOL if settings.search_executor == "pool" else LOOP
        return cls(embed=LOOP if settings.use_mock_embeddings else embed, search=search)
