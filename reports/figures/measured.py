"""The values of a metric, of requests in columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from records.cells.measure import one_each
from reports.columns.kinds import Floats, Ints, Lists, Mask, end_to_end
from reports.columns.requests import ALWAYS, Requests
from workloads.metric import Metric, Trait
from workloads.workload import Throughput

_ONE = {float, int, bool, type(None)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Values:
    """Those of one metric, of one request after those of the request before."""

    parts: Sequence[npt.NDArray[Any]]
    """In parts of the metric's unit, as they were kept: whole numbers take half of the memory, and none are
    copied to have them all in one."""
    divisor: float
    counts: npt.NDArray[Any]
    """How many each request has."""

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    @cached_property
    def floats(self) -> Floats:
        """In the metric's unit."""
        return np.asarray(end_to_end(self.parts, np.float64), dtype=np.float64) / self.divisor

    @property
    def owners(self) -> Ints:
        """The place of the request that each value is of."""
        return np.repeat(np.arange(len(self.counts)), self.counts)


def values_of(metric: Metric, requests: Requests) -> Values:
    """All of these requests, in order."""
    if metric.unless:
        mocked = requests.mask(lambda one: metric.unless in one.flags)
        if mocked.any():
            return _spread(_values(metric, requests.where(~mocked)), ~mocked)
    return _values(metric, requests)


def _spread(found: Values, mask: Mask) -> Values:
    """Those of some of the requests, as those of all."""
    counts = np.zeros(len(mask), dtype=np.int64)
    counts[mask] = found.counts
    return Values(parts=found.parts, divisor=found.divisor, counts=counts)


def _values(metric: Metric, requests: Requests) -> Values:
    found = _column(metric.of, requests) if isinstance(metric.of, str) else None
    if isinstance(found, Lists):
        return Values(parts=found.parts, divisor=metric.divisor, counts=found.counts)
    if found is None:
        each = [metric.value_of(record) for record in requests]
        if not set(map(type, each)) <= _ONE:
            lists = [() if one is None else (one,) if isinstance(one, (int, float)) else one for one in each]
            return _of_lists(metric, lists)
        found = np.asarray(each, dtype=np.float64)  # of None: nan
    there = ~np.isnan(found)
    return Values(parts=[found if there.all() else found[there]], divisor=metric.divisor, counts=there)


def _of_lists(metric: Metric, lists: Sequence[Sequence[float]]) -> Values:
    counts = np.fromiter(map(len, lists), dtype=np.int64, count=len(lists))
    kept = np.fromiter(chain.from_iterable(lists), dtype=np.float64, count=int(counts.sum()))
    return Values(parts=[kept], divisor=metric.divisor, counts=counts)


def _column(name: str, requests: Requests) -> Any:
    """None of what is no column."""
    return requests.integers(name) if name in ALWAYS else getattr(requests, name, None)


def count_of(trait: Trait, requests: Requests) -> int:
    """How many of the requests have it."""
    found = _column(trait.of, requests) if isinstance(trait.of, str) else None
    return sum(map(trait.has, requests)) if found is None else int(np.count_nonzero(found))


def amounts_of(throughput: Throughput, requests: Requests) -> Floats:
    """How much each is."""
    if throughput.of is one_each:
        return np.ones(len(requests))
    return np.fromiter(map(throughput.of, requests), dtype=np.float64, count=len(requests))
