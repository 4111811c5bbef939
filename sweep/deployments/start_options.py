"""What the command line says of how a target is started or looked into: a field here hands it on."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Any

from pydantic import Field

READY_SECONDS = 600.0
"""A first start embeds thousands of passages, on the target's CPUs alone."""
MOST_READY_SECONDS = 24 * 3600
MOST_CORES = 1024


@dataclass(frozen=True, kw_only=True)
class StartOptions:
    """A target of a plan is one, and so is what its kind is given to start it with; the options are in
    `sweep.planning.target_options`."""

    cwd: str = ""
    """The folder in which the sweep was begun, for commands; empty: the one it is in."""
    ready_path: str = ""
    """Where a command is asked whether it is ready; empty: at its kind's own path."""
    ready_seconds: Annotated[float | None, Field(gt=0, le=MOST_READY_SECONDS)] = None
    """How long it may take until it is ready; None: as long as its manifest allows, or `READY_SECONDS`."""
    as_if_cores: Annotated[int | None, Field(ge=1, le=MOST_CORES)] = None
    """Of the node for which a target with a quota sizes its pools; None: of this machine."""
    attach: str = ""
    """Which processes of a running service are looked into: "auto", or numbers; empty: none."""

    @property
    def longest_start(self) -> float:
        """Seconds that it may take until it is ready."""
        return READY_SECONDS if self.ready_seconds is None else self.ready_seconds

    def start_options(self) -> dict[str, Any]:
        """These fields alone, by their names."""
        return {one.name: getattr(self, one.name) for one in fields(StartOptions)}
