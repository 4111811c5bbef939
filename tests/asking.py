"""An answer asked for in this process, and when it was dated."""

from collections.abc import Callable

from loadgen.tasks.ask.reading import AnswerExchange, Asker

SLACK_MS = 39.0
"""What an answer in time is late by at most. A busy machine makes any of them later, and none earlier, so one
that is late is asked again: what falls into a trap, and those are wider, is late each time."""
TRIES = 20
EARLY_MS = 5.0
"""A kernel's stamp is brought to our clock by two readings, between which a process may be interrupted."""


def ask(one: Asker, question: str = "why?") -> AnswerExchange:
    exchange = AnswerExchange(sent_ns=0)
    one.ask(question, exchange)
    return exchange


def until(once: Callable[[], list[float]], slack_ms: float = SLACK_MS) -> None:
    """Once is enough: all that an answer is late by, in ms, in time. None is early."""
    seen = []
    for _ in range(TRIES):
        seen.append(once())
        assert min(seen[-1]) >= -EARLY_MS
        if max(seen[-1]) < slack_ms:
            return
    raise AssertionError(f"late in each of {TRIES} tries: {seen}")
