"""What a service says of its tokens, and how many of them are the answer's own.

Services agree on no way to count what a model thought before it answered. Some count it among the
completion tokens and say how much of them it is (OpenAI), or do not say it; some leave it out, so that only
the total has it, beside a figure of its own or without one. The sum tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from loadgen.tasks.ask.thoughts import counts_of_thoughts

_COMPLETION = ("completion_tokens", "output_tokens")
_PROMPT = ("prompt_tokens", "input_tokens")
_DETAILS = ("completion_tokens_details", "output_tokens_details")
_MOST = 10**12
"""Tokens: more is no count, and no record could hold any number."""


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

    def answer_tokens(self, seen: int, *, thought: bool) -> int | None:
        """Tokens of the answer without what was thought; None where the counts do not tell.

        ``seen``: pieces of the answer's text that came, a token each at least. ``thought``: thoughts came.
        """
        for tokens in self._readings(thought=thought):
            if tokens >= max(seen, 0):
                return tokens
        return None

    def _readings(self, *, thought: bool) -> list[int]:
        """The answer's tokens as the counts can be meant, the likeliest first."""
        completion, reasoning = self.completion, self.reasoning or 0
        beside = None if self.total is None or self.prompt is None else self.total - self.prompt - completion
        if beside is not None and beside > 0:  # the total has more in it: what was thought was left out
            return [completion]
        if reasoning:
            without = completion - reasoning
            # Without a total, more thoughts than tokens say that these were counted apart.
            return [without] if beside == 0 and without >= 0 else [without, completion]
        return [] if thought else [completion]


def _count(counts: dict[str, Any], names: Iterable[str]) -> int | None:
    """The first of these that is a number of tokens."""
    for name in names:
        value = counts.get(name)
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is int and 0 <= value < _MOST:
            return value
    return None
