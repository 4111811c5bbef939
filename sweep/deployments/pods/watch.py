"""What became of a container while a cell was measured on it: its restarts, its probes, its counters."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from records.evidence.pods import CellPods, ContainerUse
from sweep.deployments.pods.life import Counts, Life
from sweep.running.errors import NotUp
from sweep.running.watched import Requests, Watched

_POLL_SECONDS = 0.1


@dataclass(kw_only=True)
class ContainerWatch:
    """Of one target. Its counters are those of its control group."""

    life: Life
    context: str
    """What plays it."""
    pod: str
    of: str
    container: str
    resources: Mapping[str, Any]
    image: str = ""
    _before: Counts = field(default_factory=Counts)
    _notes: list[str] = field(default_factory=list)

    def begin(self, via: str) -> None:
        self._notes, self._before = [], self.life.counts(time.monotonic())

    def end(self, requests: Requests) -> Watched:
        now, before = self.life.counts(time.monotonic()), self._before
        seconds = now.not_ready_seconds - before.not_ready_seconds
        restarts, killed = now.restarts - before.restarts, now.killed - before.killed
        state = self.life.end
        pods = CellPods(
            context=self.context,
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
        )
        if restarts or killed:
            since = Counts(restarts=restarts, killed=killed)
            self._notes.append(f"its container was {self._restarted(since)}, in the cell's time")
        if seconds > 0:
            self._notes.append(
                f"its readiness probe had failed for {seconds:.1f} s of the cell's time, in which Kubernetes "
                "gives it no new connections; here it got them"
            )
        return Watched(pods=pods)

    def notes(self) -> list[str]:
        return self._notes

    def wait_up(self) -> None:
        """Raises NotUp where it is not up in the time that it is given to start."""
        ends = time.monotonic() + self.life.startup_seconds
        while not (self.life.up or self.life.over):
            if time.monotonic() > ends:
                raise NotUp(f"{self.ended() or 'it is not up'}, after {self.life.startup_seconds:g} s")
            time.sleep(_POLL_SECONDS)

    def ended(self) -> str | None:
        """How it did; None while it runs, unless it was started again and is not up yet."""
        if self.life.killed:
            return f"the target's container was killed: {self.life.killed_by}"
        if state := self.life.end:
            return f"the target's container ended with exit code {state.exit_code}"
        counts = self.life.counts(time.monotonic())
        if counts.restarts and not self.life.up:
            return f"the target's container was {self._restarted(counts)}, and is not up again"
        return self.life.over or None

    def interrupted(self) -> str:
        """How it ended in the cell's time, though it may be up again; empty: it did not."""
        if ended := self.ended():
            return ended
        now, before = self.life.counts(time.monotonic()), self._before
        since = Counts(restarts=now.restarts - before.restarts, killed=now.killed - before.killed)
        return f"the target's container was {self._restarted(since)}" if since.restarts else ""

    def _restarted(self, counts: Counts) -> str:
        """What it was in that time: restarted, or killed and not started again by now."""
        if not counts.restarts:
            return f"killed: {self.life.killed_by}"
        times = f"restarted {counts.restarts} time{'s' * (counts.restarts != 1)}"
        return f"{times} ({counts.killed} killed: {self.life.killed_by})" if counts.killed else times


def _words(said: Mapping[str, Any] | None) -> dict[str, str]:
    return {name: str(value) for name, value in (said or {}).items()}
