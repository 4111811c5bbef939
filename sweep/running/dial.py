"""How the reference app is told where to write which of its stages it slowed when."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

FOLDER = "DIAL_DIR"
LONGEST_NS = 4_000_000_000
"""Of a window: one that began before a cell is its first."""


def with_dial(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The environment of a target that writes it into ``folder``."""
    return {**environment, FOLDER: str(folder.resolve())}
