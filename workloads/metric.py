"""A metric: what is measured of each request, and which figures of it are shown. Values, no statistics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from records.cells.request import RequestRecord

Value = float | Sequence[float] | None
"""Of one request: several where it has several (gaps between tokens), None where it has none."""


@dataclass(frozen=True, kw_only=True)
class Trait:
    """What some answers have and others do not: where none has it, a metric of it has no column in tables."""

    name: str
    """In keys and columns, of how many answers have it: ``thoughts``."""
    of: str | Callable[[RequestRecord], bool] = field(repr=False)
    """An attribute of a record, or a function of it, as `Metric.of`."""
    note: str = ""
    """What stands below a table that has the column."""

    def has(self, request: RequestRecord) -> bool:
        return bool(getattr(request, self.of) if isinstance(self.of, str) else self.of(request))


@dataclass(frozen=True, kw_only=True)
class Little:
    """A bound below which a metric's median is next to nothing, and what that comes of."""

    below: float
    """In the metric's unit."""
    why: str
    """What stands below a table that has such a median."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One kind of measured value. Everything that shows figures goes over these."""

    name: str
    """In keys and columns: ``ttft``."""
    title: str
    """In tables and sentences: ``TTFT``."""
    unit: str
    """``ms``, ``bytes``, ``MB/s``; empty of what is counted."""
    of: str | Callable[[RequestRecord], Value] = field(repr=False)
    """In `unit`, or in so many parts of it as ``divisor`` says: a list is then read as it was kept. An
    attribute of a record, which reports have in a column; or a function, for which they make each record."""
    unless: str = ""
    """The flag of answers that have no value."""
    divisor: float = 1.0
    quantiles: tuple[float, ...] = ()
    with_failures: tuple[float, ...] = ()
    """The quantiles that are also given with each failure as never answered (+inf; 0 of a higher-is-better
    metric)."""
    mean: bool = False
    """Is the mean given, too?"""
    tabled: bool = True
    """Is it in tables, too? In files it is always."""
    dated: bool = True
    """Does a stall of the load generator move it, so that late requests are left out?"""
    higher_is_better: bool = False
    until: Literal["first", "end"] | None = None
    """It is the time from a request's start until then: until the first that is timed in its answer has come,
    or until its end. A request in flight has waited for it already; of any other metric nothing is known
    before the end."""
    trait: Trait | None = None
    """That of the answers which it is for, where not for all."""
    each: str = ""
    """What has a value, where not a good answer has one: ``gaps``."""
    absent: str = ""
    """Without what good answers have no value at all."""
    little: Little | None = None
    """Where a median may be next to nothing."""
    means: str = ""
    """In words, where the title alone does not say it."""

    def __post_init__(self) -> None:
        if self.until and self.unit != "ms":
            raise ValueError(f"{self.name}: what is waited for is measured in ms, not {self.unit!r}")

    @property
    def counted(self) -> str:
        """What its percentiles are over, for a sentence."""
        return self.each or f"good answers{' that are not late' if self.dated else ''}"

    def values(self, requests: Iterable[RequestRecord]) -> list[float]:
        """All values of these requests."""
        return [value for r in requests for value in self.values_of(r)]

    def value_of(self, request: RequestRecord) -> Value:
        """What is kept of one request, in parts of `unit`."""
        if self.unless and self.unless in request.flags:
            return None
        value: Value = getattr(request, self.of) if isinstance(self.of, str) else self.of(request)
        return value

    def values_of(self, request: RequestRecord) -> Sequence[float]:
        """The values of one request: none, one, or several."""
        value = self.value_of(request)
        if value is None:
            return ()
        if isinstance(value, (int, float)):
            return (value / self.divisor,)
        return value if self.divisor == 1 else [one / self.divisor for one in value]

    @property
    def suffix(self) -> str:
        """The unit as a key ends: ``_ms``, ``_mb_per_s``."""
        return f"_{self.unit.lower().replace('/', '_per_').replace(' ', '_')}" if self.unit else ""

    @cached_property
    def estimates(self) -> tuple[Quantile, ...]:
        """Its quantiles, to be estimated with an interval."""
        return tuple(Quantile(metric=self, q=q) for q in self.quantiles)

    @cached_property
    def endless(self) -> tuple[Quantile, ...]:
        """Those with failures as never answered."""
        return tuple(Quantile(metric=self, q=q, with_failures=True) for q in self.with_failures)

    @property
    def keys(self) -> tuple[str, ...]:
        """Of its figures in tables: its quantiles, and by its name the mean."""
        return (*(quantile.key for quantile in self.estimates), *((self.name,) if self.mean else ()))

    @property
    def heading(self) -> str:
        """Of the mean: ``Documents``."""
        return f"{self.title} {self.unit}".rstrip()

    @property
    def columns(self) -> tuple[str, ...]:
        """All its columns: quantiles, those with failures, the mean, how many answers it is for."""
        shown = [quantile.column for quantile in (*self.estimates, *self.endless)]
        mean = [self.mean_column] if self.mean else []
        return (*shown, *mean, *([self.trait.name] if self.trait else []))

    @property
    def mean_column(self) -> str:
        return f"{self.name}{self.suffix}"


@dataclass(frozen=True, kw_only=True)
class Quantile:
    """A quantile of a metric, by all its names."""

    metric: Metric
    q: float
    with_failures: bool = False

    @property
    def percent(self) -> str:
        return f"p{self.q * 100:g}"

    @property
    def key(self) -> str:
        """``ttft_p95``, ``ttft_p95_with_failures``."""
        return f"{self.metric.name}_{self.percent}" + ("_with_failures" if self.with_failures else "")

    @property
    def column(self) -> str:
        """Of a CSV, and the key in the JSON: ``ttft_p95_ms``."""
        return f"{self.key}{self.metric.suffix}"

    @property
    def title(self) -> str:
        """``TTFT p95``."""
        return f"{self.metric.title} {self.percent}"

    @property
    def heading(self) -> str:
        """``TTFT p95 ms``."""
        return f"{self.title} {self.metric.unit}".rstrip()
