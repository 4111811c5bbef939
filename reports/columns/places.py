"""Distinct values, each with its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

K = TypeVar("K")


class Places(dict[K, int]):
    """The place of each distinct one, in the order in which they first occur."""

    def __init__(self, check: Callable[[K], Any] | None = None) -> None:
        """``check``: raises for what is none, and is asked once of each."""
        super().__init__()
        self._check = check

    def __missing__(self, key: K) -> int:
        if self._check is not None:
            self._check(key)
        self[key] = place = len(self)
        return place
