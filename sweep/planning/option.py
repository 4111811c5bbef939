"""What a field of the plan says of the option that it is given by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Option:
    """In a field's annotation: the command has the option, and the plan takes what is given as it is.

    Name, type, bounds and default are the field's own, where nothing else is said.
    """

    text: str
    flag: str = field(default="", kw_only=True)
    """Where it is not the field's name."""
    metavar: str | None = field(default=None, kw_only=True)
    envvar: str | None = field(default=None, kw_only=True)
    default: str | bool | Callable[[], int] | None = field(default=None, kw_only=True)
    """The command's, where it is another one than that of a plan that does not say it; or what makes it, anew
    each time."""
