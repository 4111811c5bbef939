"""The process that follows a pod of podman's, and leaves none of it behind."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from reach.key import without_key
from sweep.running.ledger import Ledger
from sweep.running.pod_keeper import STARTED
from sweep.running.podman import GRACE_SECONDS, REMOVE_SECONDS, program, remove_pod
from sweep.running.processes import PROJECT, Child


class PodKeeper(Child):
    """It is there before the pod is, and its log is what the container writes."""

    def __init__(self, pod: str, container: str, *, log: Path, ledger: Ledger) -> None:
        ledger.add_pod(pod)
        keeper = str(PROJECT / "sweep" / "running" / "pod_keeper.py")
        argv = ["-E", "-P", keeper, program(), pod, container, str(GRACE_SECONDS)]
        self._pod = pod
        super().__init__(argv, log=log, ledger=ledger, env=without_key(os.environ), ours=False)

    def started(self) -> None:
        """The container was, also again: it is followed from now on."""
        with suppress(ProcessLookupError):
            self._popen.send_signal(STARTED)

    def stop(self) -> None:
        """Raises PodmanError where the pod is not removed; the next sweep with podman tries again."""
        super().stop()
        remove_pod(self._pod)

    def _end(self) -> None:
        """It alone is told: it removes the pod, with which what else it started ends."""
        self._popen.terminate()
        if self.wait(REMOVE_SECONDS) is None:
            super()._end()
