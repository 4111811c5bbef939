"""What a service says of its tokens, and how many of them are the answer's own.

Services agree on no way to count what a model thought before it answered. Some count it among the
completion tokens and say how much of them it is (OpenAI), or do not say it; some leave it out, so that only
the total has it, beside a figure of its own or without one. The sum tells them apart, where it agrees with
that figure. Thoughts that are counted and neither shown nor split off cannot be told for sure; where there
are far too many tokens for the text that came, its events are counted instead, so that no answer's time is
divided by what was thought.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from loadgen.tasks.ask.thoughts import counts_of_thoughts
from records.cells.believed import MOST_TOKENS

_COMPLETION = ("completion_tokens", "output_tokens")
_PROMPT = ("prompt_tokens", "input_tokens")
_DETAILS = ("completion_tokens_details", "output_tokens_details")
MOST_A_PIECE = 20
"""Tokens that a service may put into one event without its being odd."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenUsage:
    """Token counts as a service sends them with its answer; None: not said."""

    completion: int
    prompt: int | None = None
    total: int | None = None
    reasoning: int | None = None

    @classmethod
    def of(cls, usage: object) -> TokenUsage | None:
        """None for what counts no completion tokens."""
        if not isinstance(usage, dict):
            return None
        completion = _count(usage, _COMPLETION)
        if completion is None:
            return None
        found = [usage[name] for name in _DETAILS if isinstance(usage.get(name), dict)]
        details: dict[str, Any] = found[0] if found else {}
        reasoning = _count(details, counts_of_thoughts(details))
        return cls(
            completion=completion,
            prompt=_count(usage, _PROMPT),
            total=_count(usage, ("total_tokens",)),
            reasoning=_count(usage, counts_of_thoughts(usage)) if reasoning is None else reasoning,
        )

    def answer_tokens(self, seen: int, *, thought: bool, longest: int = 0) -> int | None:
        """Tokens of the answer without what was thought; None where the counts do not tell.

        ``seen``: pieces of the answer's text that came, a token each at least. ``thought``: thoughts came.
        ``longest``: characters in the longest of the first pieces. Where nothing tells thoughts from
        the answer, a count of more than `MOST_A_PIECE` tokens a piece that is also more than a token for
        each character of such a piece is taken to hold thoughts that were not shown.
        """
        for tokens, split in self._readings(thought=thought):
            if tokens >= max(seen, 0) and (split or tokens <= seen * max(MOST_A_PIECE, longest)):
                return tokens
        return None

    def _readings(self, *, thought: bool) -> list[tuple[int, bool]]:
        """The answer's tokens as the counts can be meant, the likeliest first, and whether the service itself
        has told them from thoughts there."""
        completion, reasoning = self.completion, self.reasoning or 0
        beside = None if self.total is None or self.prompt is None else self.total - self.prompt - completion
        if reasoning:
            without = completion - reasoning
            if (
                beside == reasoning or without < 0
            ):  # counted apart, as the total says, or because they are more
                return [(completion, True)]
            if beside is None:
                return [(without, True), (completion, False)]
            return [(without, True)]  # what else the total has in it is something else: a cache's tokens
        if beside is not None and beside > 0:  # the total has more in it: what was thought may be left out
            return [(completion, False)]
        return [] if thought else [(completion, False)]


def _count(counts: dict[str, Any], names: Iterable[str]) -> int | None:
    """The first of these that is a number of tokens: of more no record would be believed."""
    for name in names:
        value = counts.get(name)
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is int and 0 <= value <= MOST_TOKENS:
            return value
    return None
