"""What became of a container while a cell was measured on it: its restarts, its probes, its counters."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from records.cells.cell import Check
from records.evidence.pods import CellPods, ContainerUse
from sweep.deployments.pods.life import Counts, Life


@dataclass(kw_only=True)
class ContainerWatch:
    """Of one target. Its counters are in limits.json."""

    life: Life
    pod: str
    of: str
    container: str
    image: str
    resources: Mapping[str, Any]
    _before: Counts = field(default_factory=Counts)
    _notes: list[str] = field(default_factory=list)

    def begin(self, via: str) -> None:
        self._notes, self._before = [], self.life.counts(time.monotonic())

    def end(self, folder: Path) -> tuple[Check, ...]:
        now, before = self.life.counts(time.monotonic()), self._before
        seconds = now.not_ready_seconds - before.not_ready_seconds
        restarts, killed = now.restarts - before.restarts, now.killed - before.killed
        state = self.life.end
        CellPods(
            context="podman",
            namespace="",
            deployment=self.pod,
            of=self.of,
            via="host",
            replicas=1,
            containers=(
                ContainerUse(
                    pod=self.pod,
                    container=self.container,
                    image=self.image,
                    requests=_words(self.resources.get("requests")),
                    limits=_words(self.resources.get("limits")),
                    restarts=restarts,
                    oom_killed=bool(state and state.oom_killed),
                    not_ready_seconds=round(seconds, 3),
                ),
            ),
        ).write(folder)
        if restarts or killed:
            probes = f", {killed} of them by its liveness probe" if killed else ""
            self._notes.append(f"its container was restarted {restarts} times in the cell's time{probes}")
        if seconds > 0:
            self._notes.append(
                f"its readiness probe had failed for {seconds:.1f} s of the cell's time, in which Kubernetes "
                "gives it no new connections; here it got them"
            )
        return ()

    def notes(self) -> list[str]:
        return self._notes

    def ended(self) -> str | None:
        """How it did; None while it runs."""
        if state := self.life.end:
            return f"the target's container ended with exit code {state.exit_code}"
        return self.life.over or None


def _words(said: Mapping[str, Any] | None) -> dict[str, str]:
    return {name: str(value) for name, value in (said or {}).items()}
