"""The kinds of columns that requests are kept in. Values: a part or a sum of some is another one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from reports.columns.places import Places

T = TypeVar("T")
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]
Shape = tuple[tuple[str, tuple[str, ...]], ...]
"""The stages of a request, and the names of each one's numbers, in the order in which they were given."""
NO_INTEGER = int(np.iinfo(np.int64).min)
"""Stands in a column of integers where a request has none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Coded(Generic[T]):
    """What many requests have alike, kept once."""

    codes: Codes
    """Of each request, its place in ``distinct``."""
    distinct: Sequence[T]

    def where(self, mask: Mask) -> Coded[T]:
        return Coded(codes=self.codes[mask], distinct=self.distinct)

    @classmethod
    def joined(cls, parts: Sequence[Coded[T]]) -> Coded[T]:
        places = Places[T]()
        moved = [
            np.array([places[one] for one in part.distinct], dtype=np.int32)[part.codes] for part in parts
        ]
        return cls(codes=end_to_end(moved, np.int32), distinct=list(places))

    def mask(self, fits: Callable[[T], bool]) -> Mask:
        """At which requests is it so? Each distinct one is asked once."""
        return np.fromiter(map(fits, self.distinct), dtype=np.bool_, count=len(self.distinct))[self.codes]

    def ranks(self, of: Callable[[T], str]) -> Ints:
        """Of each request, the place of its text among all in alphabetical order."""
        texts = [of(one) for one in self.distinct]
        places = {text: place for place, text in enumerate(sorted(set(texts)))}
        return np.array([places[text] for text in texts], dtype=np.int64)[self.codes]

    def counts(self, of: Callable[[T], Any]) -> Counter[Any]:
        """How many requests have which, in the order in which they first occur."""
        found: Counter[Any] = Counter()
        codes, firsts, times = np.unique(self.codes, return_index=True, return_counts=True)
        for place in np.argsort(firsts):
            found[of(self.distinct[codes[place]])] += int(times[place])
        return found

    def __getitem__(self, place: int) -> T:
        found: T = self.distinct[int(self.codes[place])]
        return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Lists:
    """A list of numbers a request."""

    parts: Sequence[npt.NDArray[Any]]
    """The numbers of one request after those of the request before. They are most of all: a sum of some keeps
    theirs as they are."""
    counts: Codes

    def where(self, mask: Mask) -> Lists:
        if mask.all():
            return self
        ends = np.cumsum([len(part) for part in self.parts])
        masks = np.split(np.repeat(mask, self.counts), ends[:-1])
        kept = [part[own] for part, own in zip(self.parts, masks, strict=True)]
        return Lists(parts=kept, counts=self.counts[mask])

    @classmethod
    def joined(cls, given: Sequence[Lists]) -> Lists:
        return cls(
            parts=[part for one in given for part in one.parts],
            counts=end_to_end([one.counts for one in given], np.int32),
        )

    @cached_property
    def flat(self) -> npt.NDArray[Any]:
        """All in one."""
        return end_to_end(self.parts, np.int32)

    def whole(self) -> Lists:
        return Lists(parts=[self.flat], counts=self.counts)

    @cached_property
    def _ends(self) -> Ints:
        return np.cumsum(self.counts, dtype=np.int64)

    def __getitem__(self, place: int) -> list[int]:
        end = int(self._ends[place])
        found: list[int] = self.flat[end - int(self.counts[place]) : end].tolist()
        return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Stages:
    """The stage times of requests. What one says of itself is in the order of its shape."""

    shapes: Coded[Shape]
    """That of a request without any is empty."""
    flat: Floats
    """All numbers of the first request, then of the second."""

    def where(self, mask: Mask) -> Stages:
        kept = self.flat if mask.all() else self.flat[np.repeat(mask, self._widths)]
        return Stages(shapes=self.shapes.where(mask), flat=kept)

    @classmethod
    def joined(cls, parts: Sequence[Stages]) -> Stages:
        return cls(
            shapes=Coded.joined([part.shapes for part in parts]),
            flat=end_to_end([part.flat for part in parts], np.float64),
        )

    @property
    def _widths(self) -> Ints:
        return np.array([width_of(shape) for shape in self.shapes.distinct] or [0])[self.shapes.codes]

    @cached_property
    def _starts(self) -> Ints:
        """Where those of each request begin."""
        widths = self._widths
        return np.cumsum(widths) - widths

    @cached_property
    def there(self) -> Mask:
        """Which requests have any."""
        return self.shapes.mask(bool)

    @cached_property
    def names(self) -> list[str]:
        """Of all stages, in the order in which they first occur."""
        return list(dict.fromkeys(name for shape in self.shapes.counts(_itself) for name, _ in shape))

    def has(self, stage: str) -> Mask:
        return self.shapes.mask(lambda shape: any(name == stage for name, _ in shape))

    def at(self, stage: str, number: str) -> Floats:
        """That number of each request; 0 of one that has none."""
        found = np.zeros(len(self.shapes.codes))
        for code, shape in enumerate(self.shapes.distinct):
            pairs = [(name, own) for name, numbers in shape for own in numbers]
            if (stage, number) not in pairs:
                continue
            rows, place = self.shapes.codes == code, pairs.index((stage, number))
            if rows.all():
                return self.flat[place :: len(pairs)]
            found[rows] = self.flat[self._starts[rows] + place]
        return found

    def ms(self, stage: str) -> Floats:
        """Queued and running time of each request in a stage (of ``llm``, until its first token)."""
        return self.at(stage, "queued_ms") + self.at(stage, "running_ms")

    def __getitem__(self, place: int) -> dict[str, dict[str, float]] | None:
        start = int(self._starts[place])
        numbers = iter(self.flat[start : start + width_of(self.shapes[place])].tolist())
        found = {stage: {own: next(numbers) for own in names} for stage, names in self.shapes[place]}
        return found or None


Column = Ints | Coded[Any] | Lists | Stages


def width_of(shape: Shape) -> int:
    """How many numbers a request of that shape has."""
    return sum(len(names) for _, names in shape)


def where(column: Column, mask: Mask) -> Column:
    """The part of a column at which ``mask`` is true."""
    return column[mask] if isinstance(column, np.ndarray) else column.where(mask)


def joined(parts: Sequence[Column]) -> Column:
    """Columns of one kind end to end; at least one."""
    for kind in (Coded, Lists, Stages):
        if own := [part for part in parts if isinstance(part, kind)]:
            return kind.joined(own)  # type: ignore[arg-type]
    return end_to_end([part for part in parts if isinstance(part, np.ndarray)], np.int64)


def end_to_end(arrays: Sequence[npt.NDArray[Any]], empty: Any) -> npt.NDArray[Any]:
    """``empty``: of which type no arrays are."""
    if len(arrays) == 1:
        return arrays[0]
    return np.concatenate(arrays) if arrays else np.empty(0, dtype=empty)


def _itself(shape: Shape) -> Shape:
    return shape
