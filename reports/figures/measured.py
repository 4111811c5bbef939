"""Requests with their values in columns: a metric is read from a record once, whatever is figured of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain, compress
from typing import overload

import numpy as np
import numpy.typing as npt

from records.cells.request import LATE, RequestRecord
from reports.figures.stats import Floats, Ints
from workloads.metric import Metric

Mask = npt.NDArray[np.bool_]
_ONE = {float, int, bool, type(None)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Column:
    """The values of one metric, those of one request after those of the request before."""

    values: Floats
    owners: npt.NDArray[np.int32]
    """The place of the request that each value is of."""

    @classmethod
    def of(cls, metric: Metric, records: Sequence[RequestRecord]) -> Column:
        found = [metric.of(record) for record in records]
        if set(map(type, found)) <= _ONE:
            every = np.asarray(found, dtype=np.float64)  # of None: nan
            there = np.flatnonzero(~np.isnan(every))
            return cls(values=every[there] / metric.divisor, owners=there.astype(np.int32))
        each = [() if one is None else (one,) if isinstance(one, (int, float)) else one for one in found]
        counts = np.fromiter(map(len, each), dtype=np.int64, count=len(each))
        values = np.fromiter(chain.from_iterable(each), dtype=np.float64, count=int(counts.sum()))
        values /= metric.divisor
        return cls(values=values, owners=np.repeat(np.arange(len(each), dtype=np.int32), counts))

    def where(self, mask: Mask) -> Column:
        kept = mask[self.owners]
        places = np.cumsum(mask, dtype=np.int32) - 1
        return Column(values=self.values[kept], owners=places[self.owners[kept]])


class Measured(Sequence[RequestRecord]):
    """Requests in their order. A part or a sum of others makes its columns of theirs, and keeps none: gaps
    between tokens would else be held many times."""

    def __init__(
        self, records: Sequence[RequestRecord], column: Callable[[Metric], Column] | None = None
    ) -> None:
        self._records = records
        self.column = column or cache(lambda metric: Column.of(metric, records))

    @classmethod
    def of(cls, records: Sequence[RequestRecord]) -> Measured:
        return records if isinstance(records, cls) else cls(records)

    @classmethod
    def joined(cls, parts: Sequence[Measured]) -> Measured:
        """All of the first, then all of the second."""
        if len(parts) == 1:
            return parts[0]
        starts = np.cumsum([0, *map(len, parts)], dtype=np.int32)

        def column(metric: Metric) -> Column:
            found = [part.column(metric) for part in parts]
            owners = [one.owners + start for one, start in zip(found, starts[:-1], strict=True)]
            return Column(
                values=np.concatenate([one.values for one in found] or [np.empty(0)]),
                owners=np.concatenate(owners or [np.empty(0, dtype=np.int32)]),
            )

        return cls([record for part in parts for record in part], column)

    def where(self, mask: Mask) -> Measured:
        """Those of them at which it is true."""
        if mask.all():
            return self
        return Measured(list(compress(self._records, mask)), lambda metric: self.column(metric).where(mask))

    def that(self, fits: Callable[[RequestRecord], bool]) -> Measured:
        return self.where(self.mask(fits))

    def mask(self, fits: Callable[[RequestRecord], bool]) -> Mask:
        return np.fromiter(map(fits, self._records), dtype=np.bool_, count=len(self._records))

    def values(self, metric: Metric) -> Floats:
        """All values, in order."""
        return self.column(metric).values

    @cached_property
    def sent_ns(self) -> Ints:
        return np.fromiter((r.sent_at_ns for r in self._records), dtype=np.int64, count=len(self._records))

    @cached_property
    def good(self) -> Measured:
        """The good answers."""
        return self.that(lambda r: r.outcome == "ok")

    @cached_property
    def timed(self) -> Measured:
        """The good answers whose times may be believed: latencies are of them alone."""
        return self.good.that(lambda r: LATE not in r.flags)

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[RequestRecord]:
        return iter(self._records)

    @overload
    def __getitem__(self, index: int) -> RequestRecord: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[RequestRecord]: ...
    def __getitem__(self, index: int | slice) -> RequestRecord | Sequence[RequestRecord]:
        return self._records[index]
