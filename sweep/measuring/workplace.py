"""Where the cells of a run are measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from records.cells import layout
from sweep.beside.llm import LlmServer
from sweep.deployments.protocol import Endpoint
from sweep.planning.cell_key import CellKey
from sweep.planning.plan import Plan
from sweep.running.cpus import Cpus
from sweep.running.ledger import Ledger
from sweep.running.spans import SpanReceiver


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """What every cell of a run shares."""

    run: Path
    plan: Plan
    ledger: Ledger
    llm: LlmServer | None
    cpus: Cpus
    spans: SpanReceiver | None = None

    def cpus_for(self, endpoint: Endpoint) -> Cpus:
        """How they are divided while a target is loaded, which may be somebody's running service."""
        return self.cpus if endpoint.pids else self.cpus.of_a_running_service()

    def folder(self, key: CellKey) -> Path:
        return self.run / layout.CELLS / key.path
