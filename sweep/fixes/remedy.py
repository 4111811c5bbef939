"""A remedy: settings that may mend a finding, where they are not in effect already. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Effective:
    """A service as it was measured where something was found."""

    settings: Mapping[str, str]
    cores: int | None = None
    """Whole cores that it may take, at least 1; None: not known."""

    def number(self, name: str) -> int | None:
        text = self.settings.get(name, "")
        return int(text) if text.isdecimal() else None


Value = str | Callable[[Effective], str | None]
"""A setting's value, or how it follows from what is in effect; None: it would be no remedy there."""


@dataclass(frozen=True, kw_only=True)
class Remedy:
    settings: Mapping[str, Value]
    when: Mapping[str, Collection[str]] = field(default_factory=dict)
    """It acts only where each of these settings has one of these values."""
    at: str = ""
    """The file of the app on which it acts: it comes first where a finding names a line of that."""
    relieves: bool = False
    """It leaves the cause as it is, and has less depend on it: what the finding predicts is not its gain."""

    def changes(self, effective: Effective) -> dict[str, str]:
        """What it would change there; nothing: it is no remedy there, or in effect."""
        if any(effective.settings.get(name) not in values for name, values in self.when.items()):
            return {}
        wanted = {
            name: value if isinstance(value, str) else value(effective)
            for name, value in self.settings.items()
        }
        return {
            name: value
            for name, value in wanted.items()
            if value is not None and value != effective.settings.get(name)
        }


Remedies = Mapping[str, tuple[Remedy, ...]]
"""By a finding's code, the likeliest first."""


def as_text(value: Any) -> str:
    """A setting as a service says it, as it would be set."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def cores(effective: Effective) -> str | None:
    """As many as there are whole cores."""
    return None if effective.cores is None else str(effective.cores)
