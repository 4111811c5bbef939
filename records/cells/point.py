"""Where a cell stands: the ordered factors that make its load what it is, besides deployment and variant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import total_ordering
from typing import Any

from records.options.numbers import finite, meant_as_number

USERS, RATE = "users", "rate"
VIA = "via"
"""By which way the load reaches its target, where there are several: a Service, an ingress, a pod."""
Value = int | float | str
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,60}")


def value_of(text: str) -> Value:
    """A factor's value from its text: a whole number, a number, else a word that a folder's name may hold.

    Raises:
        ValueError: none of them, or no finite number.
    """
    if re.fullmatch(r"-?[0-9]{1,15}", text):
        return int(text)
    if meant_as_number(text):
        return finite(text)
    if _WORD.fullmatch(text):
        return text
    raise ValueError(f"{text!r} is no number, nor a word of letters, digits, '.', '_', '+' and '-'")


def text_of(value: Value) -> str:
    """As `value_of` reads it: ``10``, ``0.5``, ``small``."""
    return f"{value:.12g}" if isinstance(value, float) else str(value)


@total_ordering
@dataclass(frozen=True)
class Point:
    """Factors in the order in which they were asked for: ``users=10``; ``batch=64,users=4``.

    Raises:
        ValueError: a name or a value that no folder's name may hold.
    """

    factors: tuple[tuple[str, Value], ...]

    def __post_init__(self) -> None:
        for name, value in self.factors:
            if not _NAME.fullmatch(name):
                raise ValueError(f"a factor's name takes small letters, digits, '_' and '-', not {name!r}")
            if type(value) is bool or value_of(text_of(value)) != value:
                raise ValueError(f"{name}: {value!r} is no value of a factor")
        if len({name for name, _ in self.factors}) < len(self.factors):
            raise ValueError("a factor comes twice")

    @classmethod
    def of(cls, factors: Mapping[str, Value]) -> Point:
        return cls(tuple(factors.items()))

    @classmethod
    def of_users(cls, users: int) -> Point:
        return cls(((USERS, users),))

    @classmethod
    def from_json(cls, raw: Any, users: int) -> Point:
        """From ``{name: value}``; of an older cell, which has none, so many ``users``. Raises ValueError."""
        if raw is None:
            return cls.of_users(users)
        if not isinstance(raw, dict):
            raise ValueError(f"the point is {raw!r}")
        return cls.of(raw)

    def to_json(self) -> dict[str, Value]:
        return dict(self.factors)

    def get(self, name: str) -> Value | None:
        return dict(self.factors).get(name)

    def with_users(self, users: int) -> Point:
        """The same for another number of users, if it has one."""
        return Point(tuple((name, users if name == USERS else value) for name, value in self.factors))

    @property
    def users(self) -> int | None:
        """How many at a time; None of an open loop."""
        found = self.get(USERS)
        return found if isinstance(found, int) else None

    @property
    def others(self) -> Point:
        """The factors besides its users."""
        return Point(tuple((name, value) for name, value in self.factors if name != USERS))

    def at(self, users: int) -> Point:
        """The same other factors with so many users, last."""
        return Point((*self.others.factors, (USERS, users)))

    @property
    def options(self) -> dict[str, Value]:
        """The factors beside the number of requests: options of a scenario, and the way."""
        return {name: value for name, value in self.factors if name not in (USERS, RATE)}

    @property
    def folder(self) -> str:
        """``c10`` of ten users, ``rate=20``, ``size=100,c10``: users come last."""
        others = [f"{name}={text_of(value)}" for name, value in self.factors if name != USERS]
        users = self.get(USERS)
        return ",".join([*others, *([] if users is None else [f"c{users:0>2}"])])

    @property
    def label(self) -> str:
        """For a table: ``10`` of users alone, ``20/s`` of a rate, else each with its name."""
        if [name for name, _ in self.factors] == [USERS]:
            return text_of(self.factors[0][1])
        return " ".join(
            f"{text_of(value)}/s" if name == RATE else f"{name}={text_of(value)}"
            for name, value in self.factors
        )

    @property
    def named(self) -> str:
        """In a sentence: ``10 users``, ``20/s``, ``10 users (size=100)``."""
        if self.users is None:
            return self.label
        others = f" ({self.others.label})" if self.others.factors else ""
        return f"{self.users} {'user' if self.users == 1 else 'users'}{others}"

    def _key(self) -> tuple[tuple[str, bool, float, str], ...]:
        return tuple(
            (name, isinstance(value, str), 0.0 if isinstance(value, str) else float(value), str(value))
            for name, value in self.factors
        )

    def __lt__(self, other: Point) -> bool:
        return self._key() < other._key()
