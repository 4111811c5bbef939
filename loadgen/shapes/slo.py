"""A service level objective: bounds on latencies, and the percentile of answers that must keep them. Pure.

Goodput is answers a second each of which keeps every bound; an objective is met while that ``percentile`` of
all answers, as the report has it, is within each. Both after Zhong et al., *DistServe: Disaggregating Prefill
and Decoding for Goodput-optimized Large Language Model Serving*, OSDI 2024, whose goodput is the highest rate
that still attains the objective for such a share of requests: what `loadgen.shapes.search` looks for.

A level is not judged by the answers that happen to have ended: those that hang would never count (the time
of a request in flight is right-censored). Judged are the requests that began in it, or were in flight as its
measuring began, and one in flight stands for all that may still come of it: without a token its TTFT is at
least what it has waited, so is its E2E, and its ITL and TPOT may be anything; whatever it has, it may still
fail, and a failure keeps no bound. An objective is missed once a percentile is over its bound even if all in
flight turn out as well as they still can, met once each is within even if they turn out as badly; until then
nothing is known.

An answer that ended without an answer token (a model's thoughts alone) never had its TTFT, and misses a bound
on it, as it did in flight once it had waited too long; its E2E is the time that it took. ITL and TPOT are the
pace of what was streamed: an answer of one token, or of none, came without a pace and not too slowly, so that
it neither keeps nor misses a bound on them. If no answer has a pace, nothing is known of the objective.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from records.measure import percentile, wanted_answers
from records.numbers import finite
from records.request import RequestRecord

METRICS = ("ttft", "e2e", "itl", "tpot")
WAITED = ("ttft", "e2e")
"""Metrics that a request in flight has waited for already."""
EXAMPLE = "ttft:500 e2e:3000 percentile:95"
Figures = Sequence[float | None]
"""An answer's milliseconds, one for each metric of the objective: infinite for a failed request and for what
never came, None where an answer needs none (the gaps of a single token)."""
Ended = tuple[float, Figures]
"""When a request began, in seconds of the part (below 0: before it), and what came of it."""
Waiting = tuple[float, float | None]
"""Milliseconds that a request in flight has waited since it was wanted, and its TTFT if it has a token."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one load process saw of a level."""

    seconds: float
    """How long it measured."""
    ended: Sequence[Ended]
    """The requests that ended meanwhile."""
    waiting: Sequence[Waiting]
    """Those in flight at the end of it."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Requests held against an objective."""

    answers: int
    """All that ended, failures too."""
    failures: int
    """Of them, those that failed, or never had what each of the bounds is about."""
    overdue: int
    """In flight, and over a bound already."""
    unknown: int
    """In flight and judged, and may still turn out either way; of the metric with the most."""
    least: int
    """Requests judged, of the metric that has the fewest."""
    percentiles: dict[str, float | None]
    """Milliseconds by metric, at least: a request in flight counts with what it has waited (where nothing
    is known yet, not at all), a failed one as infinite. None without values."""
    missed: bool
    """A percentile is over its bound, however those in flight, and those that it still wants, turn out."""
    met: bool
    """Enough were judged, and they meet the objective however those in flight turn out."""
    known: bool
    """Enough were judged, and no more of them than the objective allows may still turn out either way."""
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
                values[name] = finite(number)
            except ValueError:
                values[name] = 0.0
            if values[name] <= 0:
                raise ValueError(f"{word!r} wants a number above 0, as in {EXAMPLE}")
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
        """With fewer, not even the largest value bounds the percentile. p95: 59."""
        return wanted_answers(self.percentile / 100)

    def figures(self, record: RequestRecord) -> list[float | None]:
        """What counts of a request; what it is where there is none, the module's head says. An answer's ITL
        is this percentile of its own gaps: thousands of smooth gaps of others cannot hide one that stalls."""
        if record.outcome != "ok" or (record.first_token_at_ns is None and not record.only_thought):
            return [math.inf] * len(self.bounds)
        gap_us = percentile([float(gap) for gap in record.gaps_us], self.percentile / 100)
        figures = {
            "ttft": math.inf if record.ttft_ms is None else record.ttft_ms,
            "e2e": record.e2e_ms,
            "itl": None if gap_us is None else gap_us / 1e3,
            "tpot": record.tpot_ms,
        }
        return [figures[name] for name in self.bounds]

    def judge(
        self, parts: Collection[Part], *, first_s: float = math.inf, enough: int | None = None
    ) -> Judged:
        """``parts``: of each load process. Judged are the requests that began in the first ``first_s``
        seconds, or, if they are fewer than ``enough`` (``wanted_answers``), the first so many."""
        enough = self.wanted_answers if enough is None else enough
        ended = [figures for part in parts for _, figures in part.ended]
        columns = {name: self._column(name, parts, first_s, enough) for name in self.bounds}
        counts = {name: len(spans) for name, spans in columns.items()}
        over = {name: sum(low > self.bounds[name] for low, _ in spans) for name, spans in columns.items()}
        not_kept = {name: sum(h > self.bounds[name] for _, h in spans) for name, spans in columns.items()}
        return Judged(
            answers=len(ended),
            failures=sum(set(figures) == {math.inf} for figures in ended),
            overdue=sum(self._is_overdue(one) for part in parts for one in part.waiting),
            unknown=max(not_kept[name] - over[name] for name in self.bounds),
            least=min(counts.values()),
            percentiles={
                name: percentile(
                    [low for low, high in spans if low or high < math.inf], self.percentile / 100
                )
                for name, spans in columns.items()
            },
            missed=any(
                self._is_over(name, [*(low for low, _ in spans), *[0.0] * (self.wanted_answers - len(spans))])
                for name, spans in columns.items()
            ),
            met=all(
                len(spans) >= enough and not self._is_over(name, [high for _, high in spans])
                for name, spans in columns.items()
            ),
            known=all(
                counts[name] >= enough and not self._too_many(not_kept[name] - over[name], counts[name])
                for name in self.bounds
            ),
            goodput=sum(
                sum(self._kept(figures) for _, figures in part.ended) / part.seconds
                for part in parts
                if part.seconds > 0
            ),
        )

    @property
    def known_after_s(self) -> float:
        """After so many seconds a request without a token is over its TTFT's bound, one in flight over its
        E2E's."""
        return max((bound for name, bound in self.bounds.items() if name in WAITED), default=0.0) / 1e3

    def _column(
        self, name: str, parts: Collection[Part], first_s: float, enough: int
    ) -> list[tuple[float, float]]:
        """A metric of the requests that are judged: what it is at least, and at most."""
        place = list(self.bounds).index(name)
        spans = [
            (began_s, value, value)
            for part in parts
            for began_s, figures in part.ended
            if (value := figures[place]) is not None
        ] + [
            (part.seconds - waited_ms / 1e3, *_span(name, waited_ms, ttft_ms))
            for part in parts
            for waited_ms, ttft_ms in part.waiting
        ]
        spans.sort()
        inside = bisect_right(spans, first_s, key=lambda span: span[0])
        return [(low, high) for _, low, high in spans[: max(inside, enough)]]

    def _is_overdue(self, waiting: Waiting) -> bool:
        return any(_span(name, *waiting)[0] > bound for name, bound in self.bounds.items())

    def _is_over(self, name: str, values: Sequence[float]) -> bool:
        figure = percentile(values, self.percentile / 100)
        return figure is not None and figure > self.bounds[name]

    def _too_many(self, some: int, of: int) -> bool:
        # In thousandths, so that 3 of 60 are 5 %.
        return some * 1000 > (1000 - round(self.percentile * 10)) * of

    def _kept(self, answer: Figures) -> bool:
        return all(
            value is None or value <= bound for value, bound in zip(answer, self.bounds.values(), strict=True)
        )


def _span(name: str, waited_ms: float, ttft_ms: float | None) -> tuple[float, float]:
    """What a metric of a request in flight will be at least, and at most."""
    if name == "ttft" and ttft_ms is not None:
        return ttft_ms, math.inf  # it may yet fail, and then has kept nothing
    return (waited_ms if name in WAITED else 0.0), math.inf
