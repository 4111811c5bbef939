"""A metric: what is measured of each request, and which figures of it are shown. Values, no statistics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from records.request import RequestRecord

Value = float | Sequence[float] | None
"""Of one request: several where it has several (gaps between tokens), None where it has none."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One kind of measured value. Everything that shows figures goes over these."""

    name: str
    """In keys and columns: ``ttft``."""
    title: str
    """In tables and sentences: ``TTFT``."""
    unit: str
    """``ms``, ``bytes``, ``MB/s``; empty of what is counted."""
    of: Callable[[RequestRecord], Value] = field(repr=False)
    quantiles: tuple[float, ...] = ()
    with_failures: tuple[float, ...] = ()
    """The quantiles that are also given with each failure as never answered (+inf; 0 of a higher-is-better
    metric)."""
    mean: bool = False
    """Is the mean given, too?"""
    dated: bool = True
    """Does a stall of the load generator move it, so that late requests are left out?"""
    higher_is_better: bool = False

    def values(self, requests: Iterable[RequestRecord]) -> list[float]:
        """All values of these requests."""
        return [value for r in requests for value in self.values_of(r)]

    def values_of(self, request: RequestRecord) -> Sequence[float]:
        """The values of one request: none, one, or several."""
        value = self.of(request)
        if value is None:
            return ()
        return (value,) if isinstance(value, (int, float)) else value

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
    def columns(self) -> tuple[str, ...]:
        """All its columns: quantiles, those with failures, the mean."""
        shown = [quantile.column for quantile in (*self.estimates, *self.endless)]
        return (*shown, *([self.mean_column] if self.mean else []))

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
