"""A service level objective: bounds on latencies, and the percentile of answers that must keep them. Pure.

Goodput is answers a second each of which keeps every bound; an objective is met while at least
``percentile`` of all answers keep each. Both after Zhong et al., *DistServe: Disaggregating Prefill and
Decoding for Goodput-optimized Large Language Model Serving*, OSDI 2024, whose goodput is the highest rate
that still attains the objective for such a share of requests: what `loadgen.search` looks for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loadgen.lag import percentile
from records.request import RequestRecord

METRICS = ("ttft", "e2e", "itl", "tpot")
EXAMPLE = "ttft:500 e2e:3000 percentile:95"
CONFIDENCE = 0.95
Figures = Sequence[float | None]
"""An answer's milliseconds, one for each metric of the objective: infinite for a failed request, None where
an answer has none (the gaps of a single token)."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Answers held against an objective."""

    answers: int
    """All that ended, failures too."""
    failures: int
    least: int
    """Answers of the metric that has the fewest."""
    percentiles: dict[str, float | None]
    """Milliseconds by metric, failures as infinite; None without values."""
    missed: bool
    """More than the objective allows are over a bound, however the answers still wanted turn out."""
    goodput: float


@dataclass(frozen=True, kw_only=True)
class Slo:
    """``bounds`` in milliseconds by metric, kept by ``percentile`` of the answers."""

    bounds: dict[str, float]
    percentile: float = 95.0

    @classmethod
    def parse(cls, text: str) -> Slo:
        """From ``ttft:500 e2e:3000 percentile:95``. Raises ValueError, in one line, for anything else."""
        values: dict[str, float] = {}
        for word in text.replace(",", " ").split():
            name, _, number = word.partition(":")
            if name not in (*METRICS, "percentile"):
                raise ValueError(f"{name!r} is none of {', '.join(METRICS)}, percentile")
            if name in values:
                raise ValueError(f"{name} is given twice")
            try:
                values[name] = float(number)
            except ValueError:
                raise ValueError(f"{word!r} wants a number, as in {EXAMPLE}") from None
            if not 0 < values[name] < math.inf:
                raise ValueError(f"{word!r} wants a number above 0")
        percent = values.pop("percentile", 95.0)
        if not 50 <= percent <= 99.9:
            raise ValueError(f"percentile is between 50 and 99.9, not {percent:g}")
        if not values:
            raise ValueError(f"names no bound, as does {EXAMPLE}")
        return cls(bounds=values, percentile=percent)

    def __str__(self) -> str:
        bounds = " and ".join(f"{name}<={bound:g} ms" for name, bound in self.bounds.items())
        return f"{bounds} at p{self.percentile:g}"

    @property
    def wanted_answers(self) -> int:
        """The least n with percentile^n <= 5 %: with fewer, not even the largest value bounds it. p95: 59."""
        return math.ceil(math.log(1 - CONFIDENCE) / math.log(self.percentile / 100))

    def figures(self, record: RequestRecord) -> list[float | None]:
        """What counts of a request. An answer's ITL is this percentile of its own gaps: thousands of smooth
        gaps of others cannot hide an answer that stalls."""
        if record.outcome != "ok" or record.first_token_at_ns is None:
            return [math.inf] * len(self.bounds)
        gap_us = percentile([float(gap) for gap in record.gaps_us], self.percentile / 100)
        figures = {
            "ttft": record.ttft_ms,
            "e2e": record.e2e_ms,
            "itl": None if gap_us is None else gap_us / 1e3,
            "tpot": record.tpot_ms,
        }
        return [figures[name] for name in self.bounds]

    def judge(self, parts: Mapping[str, tuple[float, Sequence[Figures]]]) -> Judged:
        """``parts``: for each load process, the seconds it measured and the answers that ended in them."""
        answers = [answer for _, some in parts.values() for answer in some]
        columns = {
            name: [value for answer in answers if (value := answer[place]) is not None]
            for place, name in enumerate(self.bounds)
        }
        return Judged(
            answers=len(answers),
            failures=sum(any(value == math.inf for value in answer) for answer in answers),
            least=min(map(len, columns.values())),
            percentiles={name: percentile(values, self.percentile / 100) for name, values in columns.items()},
            missed=any(
                self._too_many(sum(v > self.bounds[name] for v in values), len(values))
                for name, values in columns.items()
            ),
            goodput=sum(
                sum(map(self._kept, some)) / seconds for seconds, some in parts.values() if seconds > 0
            ),
        )

    def _too_many(self, over: int, answers: int) -> bool:
        # In thousandths, so that 3 of 60 are 5 %.
        return over * 1000 > (1000 - round(self.percentile * 10)) * max(answers, self.wanted_answers)

    def _kept(self, answer: Figures) -> bool:
        return all(
            value is None or value <= bound for value, bound in zip(answer, self.bounds.values(), strict=True)
        )
