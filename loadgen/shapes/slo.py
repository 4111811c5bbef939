"""A service level objective: bounds on metrics, and the percentile of answers that must keep them. Pure.

The metrics are those of the scenario's workload, by name. Goodput is answers a second each of which keeps
every bound; an objective is met while that ``percentile`` of all answers, as the report has it, is within
each. Both after Zhong et al., *DistServe: Disaggregating Prefill and Decoding for Goodput-optimized Large
Language Model Serving*, OSDI 2024, whose goodput is the highest rate that still attains the objective for
such a share of requests: what `loadgen.shapes.search` looks for.

A level is not judged by the answers that happen to have ended: those that hang would never count (the time
of a request in flight is right-censored). Judged are the requests that began in it, or were in flight as its
measuring began, and one in flight stands for all that may still come of it: a metric that is a time until
something (`Metric.until`: TTFT, E2E) is at least what it has waited, any other (ITL, TPOT) may be anything;
whatever it has, it may still fail, and a failure keeps no bound. An objective is missed once a percentile is
over its bound even if all in flight turn out as well as they still can, met once each is within even if they
turn out as badly; until then nothing is known.

An answer that ended without what it was waited for (a model's thoughts alone: without TTFT) never had it, and
misses a bound on it, as it did in flight once it had waited too long. Of any other metric an answer without a
value (of one token, so that it has no pace) neither keeps nor misses a bound. If no answer has a value,
nothing is known of the objective. A `late` answer, whose times a stall of the load generator may have moved,
is in no percentile, as in the report; it is an answer, and in goodput as much of one as the share of the good
answers with known times that keep every bound.

All is counted in costs, of which less is better: a metric's values, or their negatives where more is better.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from records.cells.measure import percentile, wanted_answers
from records.cells.request import RequestRecord
from records.options.numbers import finite
from workloads.metric import Metric
from workloads.workload import Workload

BEST = -1e300
"""The cost of what may still be as good as one likes, where more is better: finite, to be reckoned with."""
Figures = Sequence[float | None]
"""An answer's costs, one for each metric of the objective: infinite for a failed request and for what never
came, None where an answer needs none (the gaps of a single token)."""
Ended = tuple[float, Figures | None]
"""When a request began, in seconds of the part (below 0: before it), and what came of it; None: a good answer
whose times the load generator may have moved."""
Waiting = tuple[float, float | None]
"""Milliseconds that a request in flight has waited since it was wanted, and those until the first that is
timed in its answer, if that has come."""


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
    """By metric, in its unit, at least: a request in flight counts with what it has waited (where nothing is
    known yet, not at all), a failed one as infinite (0 where more is better). None without values."""
    missed: bool
    """A percentile is over its bound, however those in flight, and those that it still wants, turn out."""
    met: bool
    """Enough were judged, and they meet the objective however those in flight turn out."""
    known: bool
    """Enough were judged, and no more of them than the objective allows may still turn out either way."""
    goodput: float | None
    """Answers a second; None where all that were good are late, so that nothing is known of them."""


def objectives(workload: Workload) -> dict[str, Metric]:
    """What there may be bounds on, by name."""
    return {metric.name: metric for metric in workload.metrics if metric.quantiles}


def example(workload: Workload) -> str:
    """How an objective is written."""
    return f"{workload.compared.name}:500 percentile:95"


@dataclass(frozen=True, kw_only=True)
class Slo:
    """``bounds`` by metric, in its unit, kept by ``percentile`` of the answers."""

    workload: Workload
    bounds: dict[str, float]
    percentile: float = 95.0

    @classmethod
    def parse(cls, text: str, workload: Workload) -> Slo:
        """From ``ttft:500 e2e:3000 percentile:95``. Raises ValueError, in one line, for anything else."""
        values: dict[str, float] = {}
        known = (*objectives(workload), "percentile")
        for word in text.replace(",", " ").split():
            name, _, number = word.partition(":")
            if name not in known:
                raise ValueError(f"{name!r} is none of {', '.join(known)}")
            if name in values:
                raise ValueError(f"{name} is given twice")
            try:
                values[name] = finite(number)
            except ValueError:
                values[name] = 0.0
            if values[name] <= 0:
                raise ValueError(f"{word!r} wants a number above 0, as in {example(workload)}")
        percent = values.pop("percentile", 95.0)
        if not 50 <= percent <= 99.9:
            raise ValueError(f"percentile is between 50 and 99.9, not {percent:g}")
        if not values:
            raise ValueError(f"names no bound, as does {example(workload)}")
        return cls(workload=workload, bounds=values, percentile=percent)

    def __str__(self) -> str:
        bounds = [
            f"{name}{'>=' if metric.higher_is_better else '<='}{self.bounds[name]:g} {metric.unit}".rstrip()
            for name, metric in self.metrics.items()
        ]
        return f"{' and '.join(bounds)} at p{self.percentile:g}"

    @cached_property
    def metrics(self) -> dict[str, Metric]:
        """Those that there are bounds on."""
        every = objectives(self.workload)
        return {name: every[name] for name in self.bounds}

    @cached_property
    def costs(self) -> dict[str, float]:
        """The bounds, as the most that a cost may be."""
        return {name: _sign(metric) * self.bounds[name] for name, metric in self.metrics.items()}

    @property
    def heads(self) -> dict[str, str]:
        """What each metric's percentile is called. Where more is better, a low one is bounded."""
        return {
            name: f"{name} p{100 - self.percentile if metric.higher_is_better else self.percentile:g}"
            for name, metric in self.metrics.items()
        }

    @property
    def wanted_answers(self) -> int:
        """With fewer, not even the largest value bounds the percentile. p95: 59."""
        return wanted_answers(self.percentile / 100)

    def figures(self, record: RequestRecord) -> list[float | None]:
        """What counts of a request; what it is where there is none, the module's head says. Of an answer with
        several values (ITL) it is this percentile of its own: thousands of smooth gaps of others cannot hide
        one that stalls."""
        if record.outcome != "ok":
            return [math.inf] * len(self.bounds)
        return [self._cost(metric, record) for metric in self.metrics.values()]

    def _cost(self, metric: Metric, record: RequestRecord) -> float | None:
        sign = _sign(metric)
        cost = percentile([sign * value for value in metric.values_of(record)], self.percentile / 100)
        return math.inf if cost is None and metric.until else cost

    def judge(
        self, parts: Collection[Part], *, first_s: float = math.inf, enough: int | None = None
    ) -> Judged:
        """``parts``: of each load process. Judged are the requests that began in the first ``first_s``
        seconds, or, if they are fewer than ``enough`` (``wanted_answers``), the first so many."""
        enough = self.wanted_answers if enough is None else enough
        known = [figures for part in parts for _, figures in part.ended if figures is not None]
        columns = {name: self._column(name, parts, first_s, enough) for name in self.bounds}
        counts = {name: len(spans) for name, spans in columns.items()}
        over = {name: sum(low > self.costs[name] for low, _ in spans) for name, spans in columns.items()}
        not_kept = {name: sum(h > self.costs[name] for _, h in spans) for name, spans in columns.items()}
        return Judged(
            answers=sum(len(part.ended) for part in parts),
            failures=sum(set(figures) == {math.inf} for figures in known),
            overdue=sum(self._is_overdue(one) for part in parts for one in part.waiting),
            unknown=max(not_kept[name] - over[name] for name in self.bounds),
            least=min(counts.values()),
            percentiles={name: self._shown(name, spans) for name, spans in columns.items()},
            missed=any(
                self._is_over(name, [*(low for low, _ in spans), *self._best(name, len(spans))])
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
            goodput=self._goodput(parts, known),
        )

    def _goodput(self, parts: Collection[Part], known: Sequence[Figures]) -> float | None:
        good = [figures for figures in known if set(figures) != {math.inf}]
        late = any(figures is None for part in parts for _, figures in part.ended)
        if late and not good:
            return None
        share = sum(map(self._kept, good)) / len(good) if good else 0.0
        return sum(
            sum(share if figures is None else self._kept(figures) for _, figures in part.ended) / part.seconds
            for part in parts
            if part.seconds > 0
        )

    @property
    def known_after_s(self) -> float:
        """After so many seconds a request that still waits for a metric is over its bound."""
        waited = (self.bounds[name] for name, metric in self.metrics.items() if metric.until)
        return max(waited, default=0.0) / 1e3

    def over_ms(self, judged: Judged) -> float:
        """By how much the metric that is worst, of those that are waited for, is over its bound."""
        figures = {name: judged.percentiles[name] for name, metric in self.metrics.items() if metric.until}
        return max((v - self.bounds[name] for name, v in figures.items() if v is not None), default=0.0)

    def _column(
        self, name: str, parts: Collection[Part], first_s: float, enough: int
    ) -> list[tuple[float, float]]:
        """A metric of the requests that are judged: what it is at least, and at most."""
        place, metric = list(self.bounds).index(name), self.metrics[name]
        spans = [
            (began_s, value, value)
            for part in parts
            for began_s, figures in part.ended
            if figures is not None and (value := figures[place]) is not None
        ] + [
            (part.seconds - waited_ms / 1e3, *_span(metric, waited_ms, first_ms))
            for part in parts
            for waited_ms, first_ms in part.waiting
        ]
        spans.sort()
        inside = bisect_right(spans, first_s, key=lambda span: span[0])
        return [(low, high) for _, low, high in spans[: max(inside, enough)]]

    def _is_overdue(self, waiting: Waiting) -> bool:
        return any(_span(metric, *waiting)[0] > self.costs[name] for name, metric in self.metrics.items())

    def _is_over(self, name: str, costs: Sequence[float]) -> bool:
        figure = percentile(costs, self.percentile / 100)
        return figure is not None and figure > self.costs[name]

    def _best(self, name: str, known: int) -> list[float]:
        """The requests that the percentile still wants, as good as they can be."""
        return [_least(self.metrics[name])] * (self.wanted_answers - known)

    def _shown(self, name: str, spans: Sequence[tuple[float, float]]) -> float | None:
        """The percentile in the metric's own unit, of the requests of which something is known."""
        metric = self.metrics[name]
        least = _least(metric)
        cost = percentile(
            [low for low, high in spans if low > least or high < math.inf], self.percentile / 100
        )
        if cost is None or not metric.higher_is_better:
            return cost
        return 0.0 if math.isinf(cost) else -cost

    def _too_many(self, some: int, of: int) -> bool:
        # In thousandths, so that 3 of 60 are 5 %.
        return some * 1000 > (1000 - round(self.percentile * 10)) * of

    def _kept(self, answer: Figures) -> bool:
        return all(
            cost is None or cost <= most for cost, most in zip(answer, self.costs.values(), strict=True)
        )


def _sign(metric: Metric) -> int:
    return -1 if metric.higher_is_better else 1


def _least(metric: Metric) -> float:
    """The cost of the best that there can be."""
    return BEST if metric.higher_is_better else 0.0


def _span(metric: Metric, waited_ms: float, first_ms: float | None) -> tuple[float, float]:
    """What a metric of a request in flight will cost at least, and at most."""
    if metric.until == "first" and first_ms is not None:
        return first_ms, math.inf  # it may yet fail, and then has kept nothing
    return (waited_ms if metric.until else _least(metric)), math.inf
