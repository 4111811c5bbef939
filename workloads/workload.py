"""A workload: what a request of one kind is measured by, and when a measurement of it is believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from records.cells.cell import Cell
from records.cells.measure import one_each
from records.cells.request import RequestRecord
from workloads.checks.facts import Judge
from workloads.metric import Metric, Quantile


@dataclass(frozen=True, kw_only=True)
class Throughput:
    """What is counted of the good answers, a second: answers, texts, bytes."""

    name: str
    """In keys and columns: ``rps``."""
    title: str
    """In tables and sentences: ``RPS``."""
    means: str = ""
    """In words, where the title alone does not say it."""
    of: Callable[[RequestRecord], float] = field(default=one_each, repr=False)
    """How much one good answer is."""

    def in_cell(self, cell: Cell) -> float | None:
        """What a cell achieved of it; None where it never got to measuring, or keeps no number."""
        value = cell.achieved.get(self.name)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None


RPS = Throughput(name="rps", title="RPS", means="good answers a second")


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Where tables show which quantiles, by their keys, and in which order. A metric that is not named here
    comes last, with all its figures (`Workload.unplaced`)."""

    main: tuple[str, ...] = ()
    """With their intervals; if none is named, the median of what is compared."""
    side: tuple[str, ...] = ()
    """The values alone, left out where a screen has no room for them."""
    of_levels: tuple[str, ...] = ()
    """Of a shape's table, beside ``main``, before its counts; the values alone, left out likewise."""
    of_levels_last: tuple[str, ...] = ()
    """The same, behind the counts."""
    leading: tuple[str, ...] = ()
    """The first of ``summary.csv``; the others follow in the order of the metrics."""

    @property
    def keys(self) -> set[str]:
        return {*self.main, *self.side, *self.of_levels, *self.of_levels_last, *self.leading}


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One kind of request. Reports, comparisons and verdicts go over what stands here."""

    name: str
    metrics: tuple[Metric, ...]
    compared: Metric
    """The metric whose median is compared between variants, beside the throughput."""
    checks: tuple[Judge, ...]
    columns: Columns = Columns()
    throughput: Throughput = RPS
    constant_load: bool = True
    """Is the load expected to be the same all the time? That of jobs, which end, is not."""

    def __post_init__(self) -> None:
        unknown = self.columns.keys - self.estimates.keys()
        if unknown:
            raise ValueError(f"{self.name}: columns of no metric: {', '.join(sorted(unknown))}")
        if self.compared not in self.metrics or 0.5 not in self.compared.quantiles:
            raise ValueError(f"{self.name}: the median of {self.compared.name} is none of its figures")

    @cached_property
    def estimates(self) -> dict[str, Quantile]:
        """Every quantile that is estimated with its interval, by its key."""
        return {quantile.key: quantile for metric in self.metrics for quantile in metric.estimates}

    @property
    def main(self) -> tuple[str, ...]:
        """The keys of what tables have with intervals."""
        return self.columns.main or (self.median.key,)

    @cached_property
    def unplaced(self) -> tuple[str, ...]:
        """The keys of the figures of metrics that are for tables, and that ``columns`` does not name."""
        placed = {self.metric_of(key).name for key in (*self.columns.keys, *self.main)}
        return tuple(
            key
            for metric in self.metrics
            if metric.tabled and metric.name not in placed
            for key in metric.keys
        )

    @property
    def side(self) -> tuple[str, ...]:
        """The keys of the values alone, of a table of loads."""
        return (*self.columns.side, *self.unplaced)

    @property
    def of_levels_last(self) -> tuple[str, ...]:
        """The same, behind the counts of a shape's table."""
        return (*self.columns.of_levels_last, *self.unplaced)

    def metric_of(self, key: str) -> Metric:
        """That of a figure: of a quantile, or a metric that has a mean."""
        if key in self.estimates:
            return self.estimates[key].metric
        return next(metric for metric in self.metrics if metric.name == key)

    def heading(self, key: str) -> str:
        """``TTFT p95 ms``."""
        found = self.estimates.get(key)
        return found.heading if found else self.metric_of(key).heading

    @property
    def median(self) -> Quantile:
        """That of the compared metric."""
        return self.estimates[f"{self.compared.name}_p50"]

    @property
    def figure_columns(self) -> tuple[str, ...]:
        """The columns that all answers have, in the order of ``summary.csv``."""
        leading = [self.estimates[key].column for key in self.columns.leading]
        every = [column for metric in self.metrics if not metric.trait for column in metric.columns]
        return tuple(dict.fromkeys([*leading, *every]))

    @property
    def trait_columns(self) -> tuple[str, ...]:
        """Those that are for some answers."""
        return tuple(column for metric in self.metrics if metric.trait for column in metric.columns)
