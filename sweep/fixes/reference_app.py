"""What mends a finding of the reference app: `target_app.settings`, by the findings' codes."""

from __future__ import annotations

from sweep.fixes.remedy import Effective, Remedies, Remedy, cores

MOST_THREADS = 256
RETRIEVES, ASKS = "retrieval.py", "llm.py"


def _doubled(effective: Effective) -> str | None:
    now = effective.number("RETRIEVAL_THREADS")
    return None if now is None else str(min(2 * now, MOST_THREADS))


def _up_to_all_cores(effective: Effective) -> str | None:
    """Where it computes with fewer threads."""
    now = effective.number("TORCH_THREADS")
    return cores(effective) if now is not None and now < (effective.cores or 0) else None


def _retrieval(*instead_of: str) -> Remedy:
    return Remedy(settings={"RETRIEVAL": "async"}, when={"RETRIEVAL": instead_of}, at=RETRIEVES)


def _llm_client(*instead_of: str) -> Remedy:
    return Remedy(settings={"LLM_CLIENT": "async"}, when={"LLM_CLIENT": instead_of}, at=ASKS)


OFFLOADED = Remedy(settings={"PREPROCESSING": "offloaded"})
EAGER = Remedy(settings={"MODEL_LOADING": "eager"})
APPROXIMATE = Remedy(settings={"INDEX": "hnsw"})
IN_A_POOL = Remedy(settings={"SEARCH_EXECUTOR": "pool"}, when={"RETRIEVAL": ("async",)}, at=RETRIEVES)
UNLIMITED = Remedy(settings={"EMBEDDING_CONCURRENCY": "0"})
MORE_THREADS = Remedy(settings={"RETRIEVAL_THREADS": _doubled}, when={"RETRIEVAL": ("threaded",)})
MORE_SEARCHES = Remedy(settings={"RETRIEVAL_THREADS": _doubled}, when={"SEARCH_EXECUTOR": ("pool",)})
AS_MANY_AS_CORES = Remedy(settings={"TORCH_THREADS": cores})
ONE_EACH = Remedy(settings={"TORCH_THREADS": "1"}, when={"RETRIEVAL": ("threaded", "langchain")})

REFERENCE_APP: Remedies = {
    "event-loop-blocked": (
        _retrieval("blocking"),
        _llm_client("blocking"),
        OFFLOADED,
        EAGER,
        IN_A_POOL,
    ),
    "llm-client-blocking": (_llm_client("blocking", "langchain", "threaded"),),
    "preprocessing-on-loop": (OFFLOADED,),
    "model-load-on-request-path": (EAGER,),
    "stage-serialised": (UNLIMITED, _retrieval("threaded", "langchain")),
    "thread-pool-exhausted": (
        _retrieval("threaded"),
        _llm_client("threaded"),
        MORE_THREADS,
        MORE_SEARCHES,
        UNLIMITED,
    ),
    "default-executor-exhausted": (
        _retrieval("langchain"),
        _llm_client("langchain", "threaded"),
    ),
    "search-bound": (APPROXIMATE, IN_A_POOL, _retrieval("blocking", "langchain")),
    "embedding-cpu-bound": (
        _retrieval("blocking", "threaded", "langchain"),
        Remedy(settings={"TORCH_THREADS": _up_to_all_cores}),
    ),
    "cpu-oversubscribed": (AS_MANY_AS_CORES, ONE_EACH, _retrieval("threaded")),
    "cpu-throttled": (AS_MANY_AS_CORES, ONE_EACH, _retrieval("threaded")),
    "interpreter-bound": (
        Remedy(settings={"PARTIAL_ANSWER": "no"}),
        _llm_client("langchain", "threaded", "blocking"),
        _retrieval("langchain", "blocking"),
        OFFLOADED,
    ),
    "load-shed": (Remedy(settings={"MAX_INFLIGHT": "0"}),),
}
