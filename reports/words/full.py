"""What is full at the heaviest load, where the levels do not show that throughput stops growing: why both
hold."""

from __future__ import annotations

from collections.abc import Sequence

from reports.evidence.demand import EVENT_LOOP, EXECUTOR, LLM, PROCESS_POOL, PROCESSOR, Resource
from reports.evidence.kinds import STAGE
from reports.evidence.ladder import CeilingState, Ladder, Rung
from reports.figures.knees import Knee
from reports.figures.text import spread, users

NAMES = {
    PROCESSOR: "processor",
    EVENT_LOOP: "event loop",
    EXECUTOR: "threads of",
    PROCESS_POOL: "processes of",
    LLM: "LLM's streams",
}
PLURAL = (EXECUTOR, PROCESS_POOL, LLM)
WHY: dict[CeilingState, str] = {
    "falls": "an answer takes less of it under load, as in batches",
    "grows": "an answer takes more of it under load",
    "unsure": "too little was seen of it at a light load",
    "near": "the loads' answers a second are too near to tell what it takes without them",
    "one-load": "seen at one load alone",
}
"""A resource has no ceiling."""


def named(resource: Resource) -> str:
    kind = NAMES.get(resource.kind, resource.kind if resource.kind == STAGE else f"{resource.kind} at")
    return f"{kind} {resource.name}".rstrip()


def full_at_top(ladders: Sequence[Ladder], knee: Knee) -> Rung | None:
    """Of a service whose knee the levels do not show, what is full there: first what has a ceiling. None
    where nothing is, or its loads are no numbers of users."""
    if knee.concurrency is not None or knee.other_loads or knee.workload_mismatch or knee.invalid:
        return None
    of = next((one for one in ladders if _is_of(one, knee)), None)
    full = [rung for rung in of.rungs if rung.binds_now] if of else []
    return next((rung for rung in full if rung.ceiling), full[0] if full else None)


def _is_of(found: Ladder, knee: Knee) -> bool:
    service = found.service
    same = (service.deployment, service.config) == (knee.deployment, knee.config)
    return same and service.heavy.level.load.users == knee.top


def used(rung: Rung) -> str:
    """How much of it."""
    is_ = "are" if rung.resource.kind in PLURAL else "is"
    return f"its {named(rung.resource)} {is_} {100 * rung.share:.0f} % used"


def full_sentence(rung: Rung, knee: Knee) -> str:
    """Behind the knee's own sentence: what that resource says of more users."""
    at = f"{used(rung)} at {users(knee.top)}"
    if rung.ceiling is not None:
        return (
            f"But {at}, and by what an answer takes of it that allows {spread(rung.ceiling)} answers a "
            "second: more users get no more."
        )
    if rung.told == "falls":
        return f"That {at} does not settle it: {WHY['falls']}, so that more users may get more."
    if rung.told == "grows":
        return (
            f"But {at}, and {WHY['grows']}: more users hardly get more, which these levels alone do not show."
        )
    why = WHY[rung.told]
    return f"That {at} does not settle it: whether an answer takes less of it then is not known ({why})."
