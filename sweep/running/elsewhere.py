"""A load that does not run on this machine: what it is told, what comes back, by which ways it asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Way:
    """One by which a target is asked."""

    base_url: str
    connect_to: str = ""
    """HOST:PORT to which connections go, where the URL's own host is but a name."""
    server_name: str = ""
    """Which certificate is shown there; empty: the one of the URL's host."""


@dataclass(frozen=True, kw_only=True)
class LoadOrder:
    """A cell's load."""

    words: Sequence[str]
    """For ``locust``, with paths as they are there;"""
    files: Mapping[str, bytes]
    """what lies in the folder of files there, by its names."""
    processes: int
    seconds: float
    """After which it has not ended."""
    folder: Path
    """Where its records go, as they were written there,"""
    log: Path
    """and its log."""


@dataclass(frozen=True, kw_only=True)
class LoadEnd:
    """How one ended."""

    code: int | None
    """Its exit code; None: it did not end in time."""
    killed: str = ""
    """Who or what ended it, where it did not end by itself: nothing of the service's."""


class LoadElsewhere(Protocol):
    """Makes loads."""

    @property
    def place(self) -> str:
        """What all its loads have in common, and no other place has; it names nobody."""
        ...

    @property
    def files(self) -> str:
        """The folder of files, there,"""
        ...

    @property
    def results(self) -> str:
        """and that of results, which is not there before."""
        ...

    def locustfile(self, scenario: str) -> str:
        """Its path there."""
        ...

    def run(self, order: LoadOrder) -> LoadEnd:
        """To its end; nothing of it is left there.

        Raises:
            UsageError: it does not start, or its records do not come back.
        """
        ...
