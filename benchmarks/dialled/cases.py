"""Services whose answer to a slower stage is known from how they are made, and what makes a stage slower."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PLUS, MINUS, NOTHING = "+", "-", ""
SHORT, LONG = "short.txt", "long.txt"
"""Files of questions: an embedding of the longer ones takes about a quarter more."""
SLOWER = 1.25


@dataclass(frozen=True, kw_only=True)
class Case:
    """A service at a load."""

    name: str
    settings: Mapping[str, str]
    users: int
    signs: Mapping[str, tuple[str, str]]
    """Of the elasticities of RPS and TTFT to each stage, by how queues are: not by what was ever measured."""
    llm: Mapping[str, float] | None = None
    """The LLM server's options; None: it is mocked in process."""
    changed: str = ""
    """The stage that is really made slower, to see whether that was predicted; empty: none."""
    why: str = field(default="", compare=False)


CASES = (
    Case(
        name="blocking",
        settings={"RETRIEVAL": "blocking", "USE_MOCK_LLM": "yes"},
        users=10,
        signs={"embed": (MINUS, PLUS)},
        changed="embed",
        why="the loop does nothing else but embed",
    ),
    Case(
        name="waiting",
        settings={},
        users=4,
        llm={"--ttft-ms": 600, "--tokens": 4, "--itl-ms": 5},
        signs={"llm": (MINUS, PLUS), "embed": (NOTHING, NOTHING)},
        changed="llm",
        why="few users wait for a slow LLM, and the embedding is 2 % of that",
    ),
    Case(
        name="serialised",
        settings={"RETRIEVAL": "threaded", "EMBEDDING_CONCURRENCY": "1"},
        users=16,
        llm={"--ttft-ms": 80, "--tokens": 4, "--itl-ms": 2},
        signs={"embed": (MINUS, PLUS), "llm": (NOTHING, NOTHING)},
        why="one embedding at a time; who waits for the LLM would else wait in that queue",
    ),
)
