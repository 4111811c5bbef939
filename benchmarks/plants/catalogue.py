"""The planted bottlenecks, a value each. The codes that are right were written before their finders."""

from __future__ import annotations

from collections.abc import Sequence

from plants.case import Case, Side, Variant, settings

MOCK_EMBEDDINGS = {"USE_MOCK_EMBEDDINGS": "yes"}
SHORT_LLM = ("--ttft-ms", "100", "--itl-ms", "5", "--tokens", "32")


def _put(plant: str, amount: float, *, fewer: bool = False, **others: str) -> Side:
    """A plant of `plants.put`: at twice the dose twice as much of it; ``fewer``: half as many places."""

    def side(dose: float) -> Variant:
        much = max(1, round(amount / dose)) if fewer else amount * dose
        return Variant(settings={"PLANT": plant, "PLANT_AMOUNT": f"{much:g}", **others})

    return side


def _limited_llm(places: int) -> Side:
    return lambda dose: Variant(llm=(*SHORT_LLM, "--max-concurrent", str(max(1, round(places / dose)))))


CASES: Sequence[Case] = (
    Case(
        name="blocking-network-call",
        right=(("event-loop-blocked",),),
        planted=_put("blocking_call", 30),
    ),
    Case(
        name="http-pool-4",
        right=(("connection-pool-exhausted",),),
        planted=_put("small_pool", 4, fewer=True),
    ),
    Case(
        name="upstream-4-streams",
        right=(("llm-upstream-bound",),),
        healthy=lambda dose: Variant(llm=SHORT_LLM),
        planted=_limited_llm(4),
    ),
    Case(
        name="healthy",
        right=(("scales-to-measured-limit", "latency-only"),),
        planted=settings(),
        is_healthy=True,
    ),
)
