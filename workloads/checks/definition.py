"""What a check says of itself beside its verdict: each is declared where its function stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from workloads.checks.facts import Judge

AnyJudge = TypeVar("AnyJudge", bound=Judge)


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A check, by what others have to know of it. The defaults are those of a name that nobody knows, too."""

    name: str
    of_one_level: bool = False
    """It holds a run against the one constant load that was asked for."""
    of_good_service: bool = False
    """It fails where a service is asked for more than it can do, as a shape may do on purpose."""
    of_the_machine: bool = False
    """A busy machine fails it, whatever the service does."""
    of_steadiness: bool = False
    """It holds the window's first half against its second: a window that was too short fails it, too."""
    wants_time: bool = False
    """What it advises is more time, or a longer warm-up: no help where the machine was at fault."""
    of_our_own: bool = False
    """It holds our own processes to their time: where it fails, that is noise on record."""
    of_the_record: bool = False
    """It asks whether what was written down is whole and can be: the service has no part in that."""
    of_its_end: bool = False
    """One of our own processes was gone: whatever else fails follows from that."""
    of_the_generator: bool = False
    """Its figure says how well the load generator did."""
    worth_telling: bool = False
    """Its sentence matters even where it could not decide,"""
    aloud: bool = False
    """and beside the failures of others, too."""
    of_levels: bool = False
    """A report makes its figure itself, of all answers of a level."""
    of_pace: bool = False
    """It asks how an answer's tokens came: those of a mock's are written at once."""


DEFINITIONS: dict[str, Definition] = {}
"""By name, as they are declared. `workloads.catalogue.check_named` knows that all of them are."""


def define(name: str, **properties: Any) -> None:
    """Declare a check's name. One that is declared again says the same of itself."""
    found = Definition(name=name, **properties)
    if DEFINITIONS.setdefault(name, found) != found:
        raise ValueError(f"two checks are called {name}")


def declared(name: str, **properties: Any) -> Callable[[AnyJudge], AnyJudge]:
    """Declare the check that a function makes."""

    def of(judge: AnyJudge) -> AnyJudge:
        define(name, **properties)
        return judge

    return of
