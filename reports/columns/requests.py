"""Requests, as a sequence of records that is kept in columns: figures go over these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, cast, overload

import msgspec
import numpy as np

from records.cells.cell import Window
from records.cells.flags import LATE, WARMUP
from records.cells.request import NO_ANSWER, Outcome, RequestRecord, TokenSource
from reports.columns import kinds
from reports.columns.kinds import NO_INTEGER, Coded, Column, Floats, Ints, Lists, Mask, Stages

ALWAYS = ("user", "seq", "sent_at_ns", "ended_at_ns", "events", "tokens", "bytes")
"""The integers that every record has,"""
PERHAPS = (
    *("due_at_ns", "headers_at_ns", "first_event_at_ns", "first_generated_at_ns", "first_token_at_ns"),
    *("last_token_at_ns", "body_ended_at_ns", "documents"),
)
"""and those that one may be without."""
NAMED = ("values", "labels")
NOT_KEPT = ("gaps_us",)
"""What a part or a sum makes anew of its origin's each time: it is most of all."""


class Manner(NamedTuple):
    """What requests have in common with many others."""

    run: str
    cell: str
    worker: str
    region: str
    outcome: Outcome
    finish_reason: str | None
    token_source: TokenSource
    error: str | None
    config: str | None
    flags: tuple[str, ...]


class Requests(Sequence[RequestRecord]):
    """Requests in their order. Traces' ids are not kept."""

    def __init__(self, count: int, column: Callable[[str], Column]) -> None:
        """``column``: makes that of a name: one of ALWAYS, PERHAPS, ``manner``, ``question``, ``values`` and
        ``labels`` (the objects' JSON), ``gaps_us``, ``stages``."""
        self._count, self._make, self._kept = count, column, dict[str, Column]()

    def column(self, name: str) -> Column:
        """Raises KeyError for the name of none."""
        if name in NOT_KEPT:
            return self._make(name)
        if name not in self._kept:
            self._kept[name] = self._make(name)
        return self._kept[name]

    def where(self, mask: Mask) -> Requests:
        """Those of them at which it is true."""
        if mask.all():
            return self
        return Requests(int(mask.sum()), lambda name: kinds.where(self.column(name), mask))

    @classmethod
    def joined(cls, parts: Sequence[Requests]) -> Requests:
        """All of the first, then all of the second."""
        own = [part for part in parts if len(part)]
        if len(own) < 2:
            return own[0] if own else of_columns(0, NONE)
        return cls(sum(map(len, own)), lambda name: kinds.joined([part.column(name) for part in own]))

    def that(self, fits: Callable[[Manner], bool]) -> Requests:
        return self.where(self.mask(fits))

    def mask(self, fits: Callable[[Manner], bool]) -> Mask:
        return self.manner.mask(fits)

    def integers(self, name: str) -> Ints:
        """With NO_INTEGER where a request has none."""
        return cast(Ints, self.column(name))

    @property
    def manner(self) -> Coded[Manner]:
        return cast("Coded[Manner]", self.column("manner"))

    @property
    def gaps_us(self) -> Lists:
        return cast(Lists, self.column("gaps_us"))

    @property
    def stages(self) -> Stages:
        return cast(Stages, self.column("stages"))

    @property
    def sent_ns(self) -> Ints:
        return self.integers("sent_at_ns")

    @property
    def ended_ns(self) -> Ints:
        return self.integers("ended_at_ns")

    @cached_property
    def start_ns(self) -> Ints:
        due_ns = self.integers("due_at_ns")
        return np.where(due_ns == NO_INTEGER, self.sent_ns, due_ns)

    @cached_property
    def free_at_ns(self) -> Ints:
        """When each one's user could ask again."""
        return np.maximum(self.ended_ns, self.integers("body_ended_at_ns"))

    def has(self, name: str) -> Mask:
        """Which of them have that integer."""
        there: Mask = self.integers(name) != NO_INTEGER
        return there

    @property
    def e2e_ms(self) -> Floats:
        return (self.ended_ns - self.start_ns) / 1e6

    @cached_property
    def ttft_ms(self) -> Floats:
        """NaN of a request without a token; so are the other times of those that have none."""
        return self._ms("first_token_at_ns", self.start_ns)

    @property
    def service_ttft_ms(self) -> Floats:
        return self._ms("first_token_at_ns", self.sent_ns)

    @property
    def headers_ms(self) -> Floats:
        return self._ms("headers_at_ns", self.start_ns)

    @property
    def first_event_ms(self) -> Floats:
        return self._ms("first_event_at_ns", self.start_ns)

    @property
    def first_generated_ms(self) -> Floats:
        return self._ms("first_generated_at_ns", self.start_ns)

    @property
    def documents(self) -> Floats:
        return np.where(self.has("documents"), self.integers("documents"), np.nan)

    @property
    def tpot_ms(self) -> Floats:
        tokens = self.integers("tokens")
        with np.errstate(divide="ignore", invalid="ignore"):
            found = self._ms("last_token_at_ns", self.integers("first_token_at_ns")) / (tokens - 1)
        return np.where(self.has("first_token_at_ns") & (tokens >= 2), found, np.nan)

    def _ms(self, until: str, since_ns: Ints) -> Floats:
        ns = self.integers(until)
        found: Floats = (ns - since_ns) / 1e6
        found[ns == NO_INTEGER] = np.nan
        return found

    @property
    def thought_first(self) -> Mask:
        generated, first = self.integers("first_generated_at_ns"), self.integers("first_token_at_ns")
        found: Mask = (generated != NO_INTEGER) & ((first == NO_INTEGER) | (generated < first))
        return found

    @cached_property
    def stages_ms(self) -> Floats:
        total = np.zeros(self._count)
        for stage in self.stages.names:
            total += self.stages.ms(stage)
        return total

    @cached_property
    def counts(self) -> Mask:
        return self.mask(lambda one: one.outcome not in NO_ANSWER)

    @cached_property
    def good(self) -> Requests:
        """The good answers."""
        return self.that(lambda one: one.outcome == "ok")

    @cached_property
    def timed(self) -> Requests:
        """The good answers whose times may be believed: latencies are of them alone."""
        return self.good.that(lambda one: LATE not in one.flags)

    def sent_in(self, window: Window) -> Mask:
        return (window.start_ns <= self.sent_ns) & (self.sent_ns <= window.end_ns)

    def ended_in(self, window: Window) -> Mask:
        return (window.start_ns < self.ended_ns) & (self.ended_ns <= window.end_ns)

    def measured(self, window: Window | None) -> Requests:
        """Those that count, as `records.cells.measure.measured` says."""
        if window is None:
            return self.where(np.zeros(self._count, dtype=np.bool_))
        cold = self.mask(lambda one: WARMUP in one.flags)
        return self.where(self.sent_in(window) & ~cold & self.counts)

    def good_ended_in(self, window: Window | None) -> Requests:
        """Those whose rate counts, as `records.cells.measure.ended_inside` says."""
        if window is None:
            return self.where(np.zeros(self._count, dtype=np.bool_))
        return self.where(self.mask(lambda one: one.outcome == "ok") & self.ended_in(window))

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[RequestRecord]:
        return self._records(range(self._count))

    @overload
    def __getitem__(self, index: int) -> RequestRecord: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[RequestRecord]: ...
    def __getitem__(self, index: int | slice) -> RequestRecord | Sequence[RequestRecord]:
        if isinstance(index, slice):
            return list(self._records(range(self._count)[index]))
        return next(self._records([range(self._count)[index]]))

    def _records(self, places: Iterable[int]) -> Iterator[RequestRecord]:
        """Some as they were read, for who needs records: a metric of somebody else's, say."""
        integers = {name: self.integers(name) for name in (*ALWAYS, *PERHAPS)}
        named = {name: cast("Coded[bytes]", self.column(name)) for name in NAMED}
        questions, gaps_us = cast("Coded[str]", self.column("question")), self.gaps_us
        for place in places:
            numbers = {name: int(column[place]) for name, column in integers.items()}
            own: dict[str, Any] = {name: None if at == NO_INTEGER else at for name, at in numbers.items()}
            own |= {name: msgspec.json.decode(column[place]) for name, column in named.items()}
            manner = self.manner[place]._asdict()
            yield RequestRecord(
                **own,
                **{**manner, "flags": list(manner["flags"])},
                question=questions[place],
                gaps_us=gaps_us[place],
                stages=self.stages[place],
            )


def of_columns(count: int, columns: Mapping[str, Column]) -> Requests:
    """Requests of which all columns are there."""
    return Requests(count, columns.__getitem__)


NONE: Mapping[str, Column] = {
    **{name: np.empty(0, dtype=np.int64) for name in (*ALWAYS, *PERHAPS)},
    **{name: Coded[Any].joined([]) for name in ("manner", "question", *NAMED)},
    "gaps_us": Lists.joined([]),
    "stages": Stages.joined([]),
}
"""The columns of no request."""
