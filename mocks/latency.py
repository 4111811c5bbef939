"""When a mock LLM's tokens come: a seeded distribution with a stated mean and spread. No clock in here."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

_LEAST_JITTER = 1e-6  # below it, a spread that nobody could see would only overflow


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One answer's timing: seconds until the first token, then the gap before each later one."""

    ttft_s: float
    gaps_s: tuple[float, ...]

    def due_s(self, start_s: float, times: float = 1.0) -> list[float]:
        """When each token is due, on the clock of ``start_s``. Absolute, so that lateness never adds up.
        ``times``: so many times as slow as planned."""
        due = [start_s + times * self.ttft_s]
        for gap in self.gaps_s:
            due.append(due[-1] + times * gap)
        return due


@dataclass(frozen=True, kw_only=True)
class LatencyModel:
    """Gamma distributions around ``ttft_ms`` and ``itl_ms``; ``jitter`` is both's coefficient of variation.

    Gamma, because it is positive, skewed to the late side as measured latencies are, and has the flag's
    value as its exact mean: shape 1/cv^2, scale mean * cv^2.
    """

    ttft_ms: float
    itl_ms: float
    jitter: float
    seed: int

    def random(self, request: int) -> Random:
        """The request's own generator: its answer depends on seed and number, not on its neighbours."""
        return Random((self.seed << 40) ^ request)

    def plan(self, random: Random, tokens: int) -> Plan:
        """Timing of an answer of ``tokens`` (at least 1)."""
        return Plan(
            ttft_s=self._draw(random, self.ttft_ms) / 1e3,
            gaps_s=tuple(self._draw(random, self.itl_ms) / 1e3 for _ in range(tokens - 1)),
        )

    def _draw(self, random: Random, mean: float) -> float:
        variance = self.jitter**2
        if mean * variance <= 0 or self.jitter < _LEAST_JITTER:  # the product of a tiny mean is 0, too
            return max(mean, 0.0)
        return random.gammavariate(1 / variance, mean * variance)
