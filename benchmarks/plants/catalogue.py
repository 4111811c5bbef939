"""The planted bottlenecks, a value each. The codes that are right were written before their finders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from plants.case import FAR_APP, FRONTED_APP, SUPERVISED_APP, Case, Side, Variant, settings
from plants.foreigners import OF_A_FOREIGN_APP, OPENAI
from plants.quotas import OF_QUOTAS
from plants.texts import LONG_QUESTIONS, QUESTIONS

NONE: Mapping[str, str] = {}


def put(plant: str, amount: float, others: Mapping[str, str] = NONE, *, fewer: bool = False) -> Side:
    """A plant of `plants.put`: at twice the dose twice as much of it; ``fewer``: half as many places."""

    def side(dose: float) -> Variant:
        much = max(1, round(amount / dose)) if fewer else amount * dose
        planted = {"PLANT": plant, "PLANT_AMOUNT": f"{much:g}"}
        return Variant(settings={**planted, **others})

    return side


def _llm(
    others: Mapping[str, str] = NONE,
    *,
    ttft_ms: float = 100,
    itl_ms: float = 5,
    tokens: int = 32,
    places: int = 0,
    slower: float = 0,
    longer: bool = False,
    slow: bool = False,
) -> Side:
    """An LLM server of its own. With the dose it has fewer places, slows down more, says more (``longer``) or
    takes longer (``slow``)."""

    def side(dose: float) -> Variant:
        times = dose if slow else 1.0
        options = {
            "--ttft-ms": ttft_ms * times,
            "--itl-ms": itl_ms * times,
            "--tokens": round(tokens * (dose if longer else 1)),
            "--max-concurrent": max(1, round(places / dose)) if places else 0,
            "--slower-per-answer": slower * dose,
        }
        said = [word for name, value in options.items() for word in (name, f"{value:g}")]
        return Variant(settings=others, llm=tuple(said))

    return side


def _killed(failures: int) -> Side:
    """The foreign app, blocked for longer at a higher dose, under a supervisor that kills it or does not."""

    def side(dose: float) -> Variant:
        blocked = {"FOREIGN": "blocking", "FOREIGN_AMOUNT": f"{100 * dose:g}"}
        return Variant(settings={**blocked, "LIVENESS_FAILURES": str(failures)})

    return side


def _far(*, kept: bool) -> Side:
    """Far away, the further the more of the dose; the app keeps an idle connection for a minute, or ends it
    when the next request is on its way already."""

    def side(dose: float) -> Variant:
        later_ms = 40 * dose
        keep_alive_s = 60.0 if kept else PAUSE_S + later_ms / 1e3
        return Variant(settings={"NETWORK_MS": f"{later_ms:g}", "KEEP_ALIVE_S": f"{keep_alive_s:g}"})

    return side


def _langchain(store: str, ms: float) -> Side:
    """A store of `plants.langchain_store` that takes so long."""

    def side(dose: float) -> Variant:
        named = {"RETRIEVAL": "langchain", "LANGCHAIN_STORE": f"plants.langchain_store:{store}"}
        return Variant(settings={"PLANT_AMOUNT": f"{ms * dose:g}", **named})

    return side


def threads(count: int) -> dict[str, str]:
    return {"RETRIEVAL": "threaded", "RETRIEVAL_THREADS": str(count)}


HEALTHY_APPS = (Variant(), _llm()(1.0))
"""With the sweep's LLM server, and with one of its own that is like it."""
ABOUT_THE_NOTES = ("--questions", f"{{texts}}/{QUESTIONS}")
"""Where the model is real, questions have to be about what is there: an answer without documents is none."""
PAUSE_S = 1.2
"""Of users that think, between two requests."""
MOST_AT_ONCE = 20
"""Requests that an open loop may have in flight."""
BROKEN_OFF = (
    "failures",
    "retried",
    "unanswered",
    "steady-state",
    "steady-ttft",
    "concurrency",
    "littles-law",
)
REAL = {"USE_MOCK_EMBEDDINGS": "no"}
POOL = {"SEARCH_EXECUTOR": "pool"}

OF_THE_LOOP: Sequence[Case] = (
    Case(
        name="blocking-retrieval",
        right=(("event-loop-blocked", "embedding-cpu-bound"),),
        healthy=settings(**REAL),
        planted=put("heavy_embedding", 2, {"RETRIEVAL": "blocking", **REAL}),
        locust=ABOUT_THE_NOTES,
        mending="other",
    ),
    Case(
        name="blocking-network-call",
        right=(("event-loop-blocked",),),
        planted=put("blocking_call", 50),
    ),
    Case(
        name="model-check-per-request",
        right=(("model-load-on-request-path",),),
        healthy=settings(**REAL),
        planted=put("model_checks", 2, {"MODEL_LOADING": "per-request", **REAL}),
        locust=ABOUT_THE_NOTES,
        mending="work",
    ),
    Case(
        name="llm-client-blocking",
        right=(("llm-client-blocking", "event-loop-blocked"),),
        healthy=_llm(ttft_ms=30, itl_ms=1, tokens=16, slow=True),
        planted=_llm({"LLM_CLIENT": "blocking"}, ttft_ms=30, itl_ms=1, tokens=16, slow=True),
    ),
    Case(
        name="preprocessing-inline",
        right=(("preprocessing-on-loop", "event-loop-blocked"),),
        planted=put("counted_tokens", 30, {"PREPROCESSING": "inline"}),
        locust=("--questions", f"{{texts}}/{LONG_QUESTIONS}"),
        mending="other",
    ),
    Case(
        name="slow-search",
        right=(("search-bound", "event-loop-blocked"),),
        planted=put("large_index", 100),
        mending="other",
    ),
    Case(name="big-heap-gc", right=(("gc-pauses",),), planted=put("heap", 1), mending="work"),
)
OF_POOLS: Sequence[Case] = (
    Case(
        name="embedding-semaphore-1",
        right=(("stage-serialised",),),
        healthy=put("remote_embedding", 100, POOL),
        planted=put("remote_embedding", 100, {"PLANT_LIMIT": "1", **POOL}),
    ),
    Case(
        name="retrieval-pool-2",
        right=(("thread-pool-exhausted",),),
        healthy=put("remote_store", 200, threads(64)),
        planted=put("remote_store", 200, threads(2)),
    ),
    Case(
        name="default-executor-filled",
        right=(("default-executor-exhausted",),),
        healthy=settings(PLANT="default_executor", PLANT_AMOUNT="0"),
        planted=put("default_executor", 2, fewer=True),
    ),
    Case(
        name="langchain-default-executor",
        right=(("default-executor-exhausted",),),
        healthy=_langchain("AsyncStore", 500),
        planted=_langchain("SyncStore", 500),
    ),
    Case(
        name="http-pool-4",
        right=(("connection-pool-exhausted",),),
        planted=put("small_pool", 4, fewer=True),
    ),
    Case(
        name="llm-client-per-request",
        right=(("client-per-request",),),
        planted=put("client_per_request", 1),
        mending="work",
    ),
    Case(
        name="llm-client-threaded-4",
        right=(("thread-pool-exhausted", "llm-client-blocking"),),
        planted=put("few_llm_threads", 4, {"LLM_CLIENT": "threaded"}, fewer=True),
    ),
    Case(name="lock-across-await", right=(("stage-serialised",),), planted=put("locked", 100)),
)
OF_OTHERS: Sequence[Case] = (
    Case(
        name="upstream-4-streams",
        right=(("llm-upstream-bound",),),
        healthy=_llm(),
        planted=_llm(places=4),
    ),
    Case(
        name="upstream-slows-with-load",
        right=(("llm-upstream-bound",),),
        healthy=_llm(),
        planted=_llm(slower=0.1),
    ),
    Case(name="async-wait-30ms", right=(("latency-only",),), planted=put("waiting", 30)),
    Case(
        name="buffering-in-front",
        right=(("buffered-stream",),),
        healthy=_llm(longer=True),
        planted=_llm({"FRONT": "buffer"}, longer=True),
        app=FRONTED_APP,
        own_faults=("buffering",),
    ),
    Case(
        name="noisy-neighbour",
        right=(("noisy-neighbour", "cpu-oversubscribed"),),
        planted=put("neighbour", 8),
        mending="other",
    ),
    Case(
        name="healthy",
        right=(("scales-to-measured-limit", "latency-only"),),
        planted=settings(),
        is_healthy=True,
    ),
    Case(
        name="two-at-once",
        right=(("llm-upstream-bound",), ("event-loop-blocked", "embedding-cpu-bound")),
        healthy=_llm(REAL),
        planted=_llm({"RETRIEVAL": "blocking", **REAL}, places=4),
        locust=ABOUT_THE_NOTES,
    ),
)
OF_THE_WAY: Sequence[Case] = (
    Case(
        name="generator-in-flight",
        right=(("generator-limited",),),
        healthy=_llm(),
        planted=_llm(itl_ms=25, slow=True),  # the app answers as many as are asked, only later
        locust=("--arrival", "constant", "--max-inflight", str(MOST_AT_ONCE)),
        rates=(2, 40),
        own_faults=("dropped",),
        mending="other",
    ),
    Case(
        name="liveness-kill",
        right=(("liveness-kill",),),
        healthy=_killed(0),
        planted=_killed(2),
        app=SUPERVISED_APP,
        locust=OPENAI,
        own_faults=BROKEN_OFF,
        mending="other",
    ),
    Case(
        name="keepalive-race",
        right=(("keepalive-race",),),
        healthy=_far(kept=True),
        planted=_far(kept=False),
        app=FAR_APP,
        locust=("--think-time", f"{PAUSE_S:g}"),
        sweep=("--warmup-requests", "1"),  # users that pause have few
        own_faults=("retried", "failures"),
        mending="other",
    ),
    Case(
        name="autoscaler-blind",
        right=(("llm-upstream-bound",), ("autoscaler-blind",)),
        healthy=_llm(),
        planted=_llm(places=3),
    ),
)
CASES: Sequence[Case] = (*OF_THE_LOOP, *OF_POOLS, *OF_OTHERS, *OF_QUOTAS, *OF_THE_WAY, *OF_A_FOREIGN_APP)
