"""A CPU limit that stops an app which takes far less than that in the mean: it computes in bursts."""

from __future__ import annotations

from collections.abc import Sequence

from plants.case import LIMITED_APP, Case, Side, Variant

CORES, THREADS = 0.5, 32
LLM = ("--ttft-ms", "50", "--itl-ms", "5", "--tokens", "160")
"""It speaks for so long that two users take less than 0.25 cores, 70 % of the least limit here being 0.28."""


def _bursts(limit: float) -> Side:
    """Under a limit of so many cores, and lower at a higher dose; 0: none."""

    def side(dose: float) -> Variant:
        planted = {"PLANT": "bursts", "PLANT_AMOUNT": str(THREADS)}
        return Variant(settings={**planted, "LIMIT_CORES": f"{limit / dose ** (1 / 3):.2f}"}, llm=LLM)

    return side


OF_QUOTAS: Sequence[Case] = (
    Case(
        name="bursts-under-a-quota",
        right=(("cpu-throttled",),),
        healthy=_bursts(0),
        planted=_bursts(CORES),
        app=LIMITED_APP,
        sweep=("--cpus", "shared"),  # a burst wants all CPUs at once
        users=2,
    ),
)
