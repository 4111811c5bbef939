"""The levels that a load with a shape went through: ``achieved.levels`` of a cell. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal, get_args

from records.cells.flags import WARMUP
from records.cells.request import RequestRecord

Unit = Literal["users", "requests_per_second"]
UNITS: frozenset[str] = frozenset(get_args(Unit))
ABORTED_SHARE = 0.05
"""Of a level's requests: where more are never answered, the latencies of the others flatter the service."""
ANSWERS_LONG = 3
"""A level that lasted less than so many median answers counts too few waves of them for a rate."""


def unit_of(*, open_loop: bool) -> Unit:
    """What a load's levels are told in."""
    return "requests_per_second" if open_loop else "users"


@dataclass(frozen=True, kw_only=True)
class LoadStage:
    """One level, and the time in which it is measured (Unix ns): none where both moments are the same."""

    level_from: float
    level_to: float
    """As ``level_from``, but on a ramp."""
    start_ns: int
    end_ns: int
    status: str | None = None
    """Of a search's level: met, missed or unknown."""
    held_start_ns: int | None = None
    held_end_ns: int | None = None
    """The whole time in which it was held, before it was cut to what is measured: with it, that can be done
    anew. None where several masters' levels were put together, and where it was not kept yet."""

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> LoadStage:
        """Raises TypeError or ValueError for what is not one."""
        level = cls(**raw)
        if not {type(level.level_from), type(level.level_to)} <= {int, float}:
            raise ValueError(f"no number: {raw!r}")
        if not (type(level.start_ns) is type(level.end_ns) is int and level.start_ns <= level.end_ns):
            raise ValueError(f"no time: {raw!r}")
        held = (level.held_start_ns, level.held_end_ns)
        if held != (None, None) and not {type(moment) for moment in held} == {int}:
            raise ValueError(f"no time: {raw!r}")
        if not (level.status is None or isinstance(level.status, str)):
            raise ValueError(f"no status: {raw!r}")
        return level

    @property
    def seconds(self) -> float:
        return (self.end_ns - self.start_ns) / 1e9

    def label(self, unit: str) -> str:
        """``5``, ``10/s``; ``1-4`` on a ramp, whose users are whole ones."""
        if unit == "users":
            ends = [str(max(1, round(level))) for level in (self.level_from, self.level_to)]
            return "-".join(dict.fromkeys(ends))
        return "-".join(dict.fromkeys(f"{round(n, 2):g}" for n in (self.level_from, self.level_to))) + "/s"


@dataclass(frozen=True, kw_only=True)
class LoadStages:
    """All of a load, in the order in which they were held."""

    unit: Unit
    levels: tuple[LoadStage, ...]

    def to_json(self) -> dict[str, Any]:
        """Its part of a cell's ``achieved``."""
        return {"level_unit": self.unit, "levels": [asdict(level) for level in self.levels]}

    @classmethod
    def from_achieved(cls, achieved: dict[str, Any]) -> LoadStages | None:
        """None of a load without a shape. Raises TypeError or ValueError for what is no list of levels."""
        levels, unit = achieved.get("levels"), achieved.get("level_unit")
        if levels is None:
            return None
        if unit not in UNITS:
            raise ValueError(f"unknown level_unit {unit!r}")
        if not isinstance(levels, list):
            raise ValueError("levels are no list")
        return cls(unit=unit, levels=tuple(LoadStage.from_json(level) for level in levels))


def wanted_in(requests: Sequence[RequestRecord], level: LoadStage) -> list[RequestRecord]:
    """Those that belong to the level: they began in its time (an open loop: were due), so that no request
    belongs to two."""
    return [r for r in requests if level.start_ns <= r.start_ns < level.end_ns]


def aborted_in(requests: Sequence[RequestRecord], levels: Sequence[LoadStage]) -> list[int]:
    """How many requests of each level were never answered: aborted, or dropped in an open loop. Each belongs
    to the first level in whose time it waited, so that none is lost which hangs since the level settled."""
    times = ((r.start_ns, r.ended_at_ns) for r in requests if not r.counts and WARMUP not in r.flags)
    return waited_in(times, levels)


def waited_in(times: Iterable[tuple[int, int]], levels: Sequence[LoadStage]) -> list[int]:
    """The same of when each of them began to wait and stopped (Unix ns)."""
    counts = [0] * len(levels)
    for start_ns, end_ns in times:
        for number, level in enumerate(levels):
            if level.seconds and start_ns < level.end_ns and end_ns >= level.start_ns:
                counts[number] += 1
                break
    return counts


def many_aborted(aborted: int, answered: int) -> bool:
    """Were so many of a level's requests never answered that its latencies are of the survivors?
    ``answered``: failed ones, too."""
    return aborted > ABORTED_SHARE * (aborted + answered)


def survivorship_note(labels: Sequence[str]) -> str:
    """Of the levels with ``many_aborted``."""
    return (
        f"More than {100 * ABORTED_SHARE:.0f} % of the requests at {', '.join(labels)} were aborted: "
        "their latencies are of those that survived."
    )


def has_rate(level: LoadStage, own: Sequence[RequestRecord]) -> bool:
    """Does the throughput of a level mean anything? It lasted long enough for the good answers among its
    ``own`` requests, and one of them ended in it. In an open loop that is enough: its answers come in no
    waves, of which one more or less would count."""
    good = [r for r in own if r.outcome == "ok"]
    if not any(r.ended_at_ns <= level.end_ns for r in good):
        return False
    if good[0].due_at_ns is not None:
        return True
    return lasts_long(level, median(r.ended_at_ns - r.start_ns for r in good))


def lasts_long(level: LoadStage, answer_ns: float) -> bool:
    """Is it long enough for a rate of answers whose median time is that?"""
    return level.end_ns - level.start_ns >= ANSWERS_LONG * answer_ns


def no_rate_note(labels: Sequence[str], throughput: str) -> str:
    """Of measured levels without ``has_rate``; ``throughput``: its title."""
    return (
        f"{throughput} - at {', '.join(labels)}: the level lasted less than three answers, or had no good "
        "one; give it more time (of steps: --step-seconds)."
    )
