"""What a finding's code means, for a reader who does not know the term; one that is not here stands alone."""

from __future__ import annotations

from reports.findings.common.finding import Confidence

MEANS = {
    "event-loop-blocked": "one call keeps the app from all other requests while it runs",
    "client-per-request": "each request builds a client of its own, and all others wait meanwhile",
    "model-load-on-request-path": "each request loads or checks files, and all others wait meanwhile",
    "llm-client-blocking": "the call to the LLM keeps the app from all other requests until it returns",
    "preprocessing-on-loop": "work on a text keeps the app from all other requests",
    "search-bound": "the vector search takes all the time there is",
    "interpreter-bound": "one Python process has more to do than one core can do",
    "embedding-cpu-bound": "computing embeddings takes all of the CPU",
    "stage-serialised": "requests queue for something that lets in too few at a time",
    "thread-pool-exhausted": "requests queue for a thread",
    "process-pool-exhausted": "requests queue for a process of a pool",
    "default-executor-exhausted": "requests queue for one of asyncio's own few threads",
    "connection-pool-exhausted": "requests queue for one of a client's connections",
    "dns-slow": "requests wait until a host's name is looked up",
    "llm-upstream-bound": "the LLM server, not this app, is at its limit",
    "dependency-bound": "another service that this app calls is at its limit",
    "gc-pauses": "everything stands still while Python collects garbage",
    "buffered-stream": "something holds the answer back until all of it is there",
    "load-shed": "it refuses a part of the requests",
    "cpu-throttled": "its CPU quota stops it again and again",
    "cpu-oversubscribed": "more threads compute than it has CPUs for",
    "noisy-neighbour": "other programs take the CPU that it needs",
    "memory-pressure": "it has too little memory",
    "liveness-kill": "it was too busy for the liveness probe, and was killed for that",
    "keepalive-race": "it closes idle connections just as they are used again",
    "generator-limited": "the load was at its own limit before the service was",
    "autoscaler-blind": "it concerns only those who scale by CPU, which starts no replica here: requests wait"
    " while its CPU is mostly idle",
    "latency-only": "something makes each answer later, and holds up nobody else",
    "scales-to-measured-limit": "nothing held it back at the loads that were measured",
}
SURE: dict[Confidence, str] = {
    "shown": "shown (chance and other causes are excluded)",
    "likely": "likely (it fits all that was measured)",
    "possible": "possible (other causes would fit as well)",
}
SURE_THAT_IT_SCALES: dict[Confidence, str] = {
    "shown": "shown (hardly any request waits because of the load)",
    "likely": "likely (few requests wait because of the load)",
    "possible": "possible (too little is known to be sure)",
}
"""Of the finding that names no cause: there are no others to exclude."""


def sure(code: str, confidence: Confidence) -> str:
    """How sure a finding is, and on what that rests."""
    return (SURE_THAT_IT_SCALES if code == "scales-to-measured-limit" else SURE)[confidence]
