"""A port-forward to one pod: kept while its target is there, and how often it ended."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from reach.key import without_key
from records.files import read_lines
from sweep.deployments.clusters import forwarding
from sweep.running.cpus import Cpus
from sweep.running.kubectl import Kubectl
from sweep.running.ledger import Ledger
from sweep.running.processes import Command, free_port


class Forward:
    """From a free port of this machine."""

    def __init__(
        self, kubectl: Kubectl, pod: str, port: int, *, log: Path, ledger: Ledger, cpus: Cpus
    ) -> None:
        self._ends = log.with_suffix(".forward.jsonl")
        self.log = log.with_suffix(".forward.log")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.local = local = free_port()
        self.base_url = f"http://127.0.0.1:{local}"
        words = kubectl.words("port-forward", "--address=127.0.0.1", f"pod/{pod}", f"{local}:{port}")
        self._kept = Command(
            [sys.executable, str(Path(forwarding.__file__)), str(self._ends), *words],
            log=self.log,
            ledger=ledger,
            env=without_key(os.environ),
            cpus=cpus.load,
            cwd=None,
        )

    def ends(self) -> int:
        """How often it ended by now, and was begun again. Raises OSError."""
        return sum(1 for _ in read_lines(self._ends)) if self._ends.exists() else 0

    def last_words(self) -> str:
        return self._kept.last_words()

    def stop(self) -> None:
        self._kept.stop()
