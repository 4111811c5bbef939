"""What was seen inside a service while its cells were measured: means over all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TypeVar

from records.evidence.inside_span import Inside, InsideOfSpan, MeanExecutor

K = TypeVar("K")
THREADS_FULL = 0.8
"""The share of its threads that has to be taken, on the mean, for a pool to be full;"""
QUEUED = 1.0
"""or so many calls wait in its queue: a load that comes in bursts fills it in some moments only."""


@dataclass(frozen=True, kw_only=True)
class InsideOfCells(Inside):
    """Each figure is the mean of the cells', and the processes are those of all cells."""

    requests: float
    """That were inside at a time."""
    servers: int
    """The most processes that served them in a cell."""
    uneven: tuple[float, ...]
    """How many of them each had, in the cell in which one had the greatest share."""
    gc_share: float
    """Of the time, spent collecting garbage; of several processes their mean."""
    gc_pauses: float
    """So many pauses as long as the longest make up that time."""

    @property
    def full_pool(self) -> MeanExecutor | None:
        """The one of threads in which most calls wait, of those that are full."""
        full = (
            one
            for one in self.executors
            if one.most
            and not one.processes
            and (one.busy >= THREADS_FULL * one.most or one.queued >= QUEUED)
        )
        return max(full, key=lambda one: (one.queued, one.busy), default=None)

    @property
    def loops(self) -> float:
        """All loops together are as busy as so many of that which a request meets."""
        processes = max(1, self.servers)
        return max(1.0, processes * self.loop_mean / self.loop_busy) if self.loop_busy else float(processes)


def mean_inside(found: Sequence[tuple[InsideOfSpan, float]]) -> InsideOfCells | None:
    """None of nothing."""
    return _mean([inside for inside, _ in found], sum(seconds for _, seconds in found)) if found else None


def _mean(found: Sequence[InsideOfSpan], seconds: float) -> InsideOfCells:
    def weighed(figures: Callable[[InsideOfSpan], Iterable[tuple[K, float]]]) -> tuple[tuple[K, float], ...]:
        total: Counter[K] = Counter()
        for one in found:
            for key, value in figures(one):
                total[key] += value / len(found)  # type: ignore[assignment]
        return tuple(total.most_common())

    return InsideOfCells(
        samples=sum(one.samples for one in found),
        requests=fmean(one.total for one in found),
        servers=max(len(one.each) for one in found),
        uneven=max((_requests_at_each(one) for one in found), key=_share_of_the_first),
        each=tuple(process for one in found for process in one.each),
        waits=weighed(lambda one: one.waits),
        beside=weighed(lambda one: one.beside),
        lag_ms=fmean(one.lag_ms for one in found),
        lag_longest_ms=max(one.lag_longest_ms for one in found),
        looped=any(one.looped for one in found),
        loop_busy=fmean(one.loop_busy for one in found),
        running=weighed(lambda one: one.running),
        loop_mean=fmean(one.loop_mean for one in found),
        loop_on_cpu=_mean_of_known([one.loop_on_cpu for one in found]),
        loop_delay=_mean_of_known([one.loop_delay for one in found]),
        executors=_executors(found),
        in_threads=weighed(lambda one: one.in_threads),
        pythons=tuple(sorted({python for one in found for python in one.pythons})),
        gc_share=sum(one.gc_ms / one.processes for one in found) / 1e3 / seconds if seconds else 0.0,
        gc_longest_ms=(longest_ms := max(one.gc_longest_ms for one in found)),
        gc_pauses=sum(one.gc_ms for one in found) / longest_ms if longest_ms else 0.0,
    )


def _mean_of_known(found: Sequence[float | None]) -> float | None:
    """None where one is not known."""
    known = [one for one in found if one is not None]
    return fmean(known) if known and len(known) == len(found) else None


def _requests_at_each(inside: InsideOfSpan) -> tuple[float, ...]:
    return tuple(one.requests for one in inside.each)


def _share_of_the_first(at_each: Sequence[float]) -> float:
    """Against an even share."""
    return at_each[0] * len(at_each) / sum(at_each) if sum(at_each) else 0.0


def _executors(found: Sequence[InsideOfSpan]) -> tuple[MeanExecutor, ...]:
    """By name; one that was not there in a cell did nothing in it."""
    names = dict.fromkeys(executor.name for one in found for executor in one.executors)
    means = []
    for name in names:
        own = [executor for one in found for executor in one.executors if executor.name == name]
        most = [executor.most for executor in own if executor.most is not None]
        means.append(
            MeanExecutor(
                name=name,
                most=max(most) if most else None,
                busy=sum(executor.busy for executor in own) / len(found),
                queued=sum(executor.queued for executor in own) / len(found),
                processes=any(executor.processes for executor in own),
            )
        )
    return tuple(sorted(means, key=lambda one: (-one.queued, -one.busy, one.name)))
