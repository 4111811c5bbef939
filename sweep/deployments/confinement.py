"""How a process is put under a container's limits: in a control group, with its environment and its probe."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from sweep.deployments.protocol import Setup
from sweep.running.cgroups.choice import Cgroups
from sweep.running.cgroups.group import Group
from sweep.running.cgroups.limits import Limits
from sweep.running.confined import Confined
from sweep.running.cpus import THREAD_SETTINGS
from sweep.running.ledger import Ledger


@dataclass(kw_only=True)
class Confinement:
    """Of one target."""

    limits: Limits
    environment: Mapping[str, str] = field(default_factory=dict)
    ready_path: str = ""
    ready_seconds: float | None = None
    _group: Group | None = None

    def waited_for(self, setup: Setup) -> Setup:
        """As long as its probe says, unless the user says how long."""
        seconds = self.ready_seconds if setup.ready_seconds is None else setup.ready_seconds
        return replace(setup, ready_seconds=seconds, ready_path=self.ready_path)

    def environment_in(self, environment: Mapping[str, str]) -> dict[str, str]:
        """In that one's place: how many threads are told on this machine is told in no pod."""
        own = {name: text for name, text in environment.items() if name not in THREAD_SETTINGS}
        return {**own, **self.environment}

    def begin(self, ledger: Ledger) -> Confined:
        """Its group, written down before anybody is in it. Raises UsageError."""
        cgroups = Cgroups.here()
        cgroups.remove_left()
        self._group = group = cgroups.make(self.limits)
        ledger.add_group(group.folders)
        return Confined(group=group, limits=self.limits)

    def end(self) -> None:
        """Remove it, once nobody is in it; what still is in it is ended."""
        group, self._group = self._group, None
        if group is not None:
            with suppress(OSError):  # the next run finds it
                group.remove()
