"""A sentence of the report's first lines."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A sentence, and a shorter one for where there is no room; empty: then it is left to its section."""

    text: str
    short: str = ""
    extra: bool = False
    """It stands above the tables only where there is room for all else in full; it has a section, too."""
    least: str = ""
    """Of a kept one: what stands for it where it would leave no room for the first others."""
    kept: bool = False
    """It stands above the tables however little room there is."""
