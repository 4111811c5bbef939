"""``--grid`` and ``--concurrency``: the points that are measured, from what was said, or refused. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from records.cells.point import RATE, USERS, Point, Value, text_of, value_of
from records.options.numbers import whole
from records.secrets.secret_names import shown
from sweep.running.errors import UsageError

BASE_LEVELS: tuple[int, ...] = (1, 10, 20)
"""What ``auto`` measures of every variant: so there are levels at which to compare them."""
MOST_USERS = 10_000
MOST_RATE = 100_000
AUTO = "auto"
Factor = tuple[str, tuple[Value, ...]]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Users at a time (none of an open loop) and the other factors, in the order in which they were given."""

    levels: tuple[int, ...]
    auto: bool
    factors: tuple[Factor, ...] = ()


def combinations(factors: Sequence[Factor]) -> Iterator[Point]:
    """Every combination of the factors' values, as points without users; one without factors where there are
    none."""
    names = [name for name, _ in factors]
    for values in itertools.product(*(values for _, values in factors)):
        yield Point(tuple(zip(names, values, strict=True)))


def parse_grid(values: Sequence[str], concurrency: str | None, max_level: int | None) -> Grid:
    """From repeated ``--grid NAME=V,V``, and ``--concurrency``, which is short for users'.

    Raises:
        UsageError: no such form, a factor or a value twice, users beside a rate.
    """
    found: dict[str, str] = {} if concurrency is None else {USERS: concurrency}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals or not text.strip():
            raise UsageError(f"--grid takes NAME=V,V, not {shown(value)}")
        if name in found:
            short = " (--concurrency is short for it)" if name == USERS else ""
            raise UsageError(f"--grid {shown(name)} comes twice{short}: list its values in one")
        found[name] = text
    if USERS in found and RATE in found:
        raise UsageError(
            "users and rate do not go together: at a rate, requests are sent when they are due, whatever the "
            f"number of users; leave out {'--concurrency' if concurrency else '--grid users'} (--grid "
            "max-inflight=N is how many may be in flight at a time, past which requests are dropped)"
        )
    factors = tuple((name, _values(name, text)) for name, text in found.items() if name != USERS)
    if RATE in found:
        return Grid(levels=(), auto=False, factors=factors)
    option = "--concurrency" if concurrency is not None else "--grid users"
    levels, auto = parse_levels(found.get(USERS, AUTO), max_level, option=option)
    return Grid(levels=levels, auto=auto, factors=factors)


def _values(name: str, text: str) -> tuple[Value, ...]:
    try:
        values = tuple(value_of(part.strip()) for part in text.split(","))
        for value in values:
            Point(((name, value),))
    except ValueError as error:
        raise UsageError(f"--grid {shown(name)}: {error}") from None
    _check_once(values, f"--grid {name}")
    for value in values if name == RATE else ():
        if isinstance(value, str) or not 0 < value <= MOST_RATE:
            raise UsageError(
                f"--grid rate takes requests a second, above 0 and up to {MOST_RATE}, not {text_of(value)!r}"
            )
    return values


def _check_once(values: Sequence[Value], option: str) -> None:
    """Raises UsageError for a value that comes twice."""
    twice = next((value for number, value in enumerate(values) if value in values[:number]), None)
    if twice is not None:
        raise UsageError(f"{option}: {text_of(twice)} comes twice; --repeats N is how often each is measured")


def parse_levels(
    text: str, max_level: int | None, *, option: str = "--concurrency"
) -> tuple[tuple[int, ...], bool]:
    """(levels, auto) from ``auto`` or a list such as ``1,5,20``; ``option``: where they were given.

    Raises:
        UsageError: not a whole number of at least 1, one twice, or nothing left under ``max_level``.
    """
    if text.strip() == AUTO:
        levels, auto = BASE_LEVELS, True
    else:
        given = [_level(part.strip(), option) for part in text.split(",")]
        _check_once(given, option)
        levels, auto = tuple(sorted(given)), False
    if max_level is not None:
        levels = tuple(n for n in levels if n <= max_level)
        if not levels:
            raise UsageError(f"{option} {text} has no number of users that MAX_CONCURRENT={max_level} allows")
    return levels, auto


def _level(part: str, option: str) -> int:
    """Raises UsageError."""
    try:
        users = whole(part)
    except ValueError:
        raise UsageError(
            f"{option} takes 'auto' or a list like 1,5,20, in which {part!r} is no number"
        ) from None
    if users < 1:
        raise UsageError(f"{option} takes numbers of users of at least 1, not {part!r}")
    if users > MOST_USERS:
        raise UsageError(f"{option} goes up to {MOST_USERS} users on one machine, not to {part}")
    return users
