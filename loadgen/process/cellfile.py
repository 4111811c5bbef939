"""A cell's folder: requests.jsonl as requests end; cell.json at the start, and judged, once, at the end."""

from __future__ import annotations

import errno
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from loadgen.engine.settings import Settings
from loadgen.engine.task import AnyTask
from loadgen.process.expected import Expected
from loadgen.process.observed import Observed, achieved
from loadgen.shapes.level_log import LevelLog
from loadgen.shapes.level_table import table
from loadgen.shapes.measured import measured_levels
from records.cells import layout
from records.cells.believed import Sieve
from records.cells.cell import Cell, Check, Verdict
from records.cells.levels import LoadStages, unit_of
from records.cells.request import RequestRecord, decode, slim
from records.files import LineFile, read_lines, write_json
from records.services.served import Served
from workloads import judge
from workloads.catalogue import workload as workload_of
from workloads.checks.facts import Facts

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A cell with its verdict."""

    cell: Cell
    level_table: str
    """The levels of a shape in lines; empty without any."""


class CellFile:
    """Opened before the load starts. ``cell`` says what was asked for."""

    def __init__(
        self,
        folder: Path,
        cell: Cell,
        wanted: Settings,
        served: Served,
        *,
        task: AnyTask,
        shape: str | None = None,
        insecure: bool | None = None,
        expected: Expected | None = None,
    ) -> None:
        """``shape``: its name; ``insecure``: nobody was verified; None without TLS. ``expected``: what
        whoever arranges cells says of this one; None of a load by itself."""
        self.folder = folder
        self.cell = expected.spec.named(cell) if expected else cell
        self._expected = expected
        self._wanted = wanted
        self._served = served
        self._task = task
        self._shape, self._insecure = shape, insecure
        self._lines = LineFile(folder / layout.REQUESTS)
        self.fault: OSError | None = None
        """Why records could not be kept, the first time."""
        try:
            write_json(folder / layout.CELL, self.cell.to_json())
        except OSError:  # nothing was measured: the folder is left empty, as it was
            self._lines.close()
            self._lines.path.unlink(missing_ok=True)
            raise

    def append(self, lines: bytes) -> None:
        """Keep records. One that cannot be kept is the run's end: see ``fault``."""
        if self.fault is not None:
            return
        try:
            self._lines.append(lines)
        except OSError as error:
            self._lost(error)

    def look(self) -> None:
        """Is the file that records go to still there? If not, see ``fault``."""
        try:
            if self.fault is None and self._lines.deleted():
                raise FileNotFoundError(errno.ENOENT, "deleted while the load ran")
        except OSError as error:
            self._lost(error)

    def _lost(self, error: OSError) -> None:
        """Records are lost; what fails after the first time is no news."""
        if self.fault is None:
            self.fault = error
            log.error("cannot write %s: %s", error.filename or self._lines.path, error.strerror or error)

    def finish(self, observed: Observed, noted: LevelLog) -> Finished:
        """Read back what was written, judge it, and write the cell whole, with the levels that a shape
        ``noted``, if any. What cannot be read or written is a ``fault``."""
        self._lines.close()
        more = {}
        if self._expected:
            observed = replace(observed, noise=self._expected.noise(observed.noise))
            more = {"earlier_tries": self._expected.spec.earlier_tries}
        requests: list[RequestRecord] = []
        sieve = Sieve(None)  # what is out of order fails a check
        try:
            requests += sieve(slim(decode(line)) for _, line in read_lines(self._lines.path))
        except OSError as error:
            self._lost(error)
        window, levels, workload = observed.window, None, workload_of(self.cell.workload)
        if noted.levels:
            measured = measured_levels(noted.levels, requests, window, settle=noted.settles)
            levels = LoadStages(unit=unit_of(open_loop=self._wanted.open_loop), levels=measured)
        self.cell = replace(
            self.cell,
            complete=observed.complete and self.fault is None,
            achieved=achieved(requests, observed, workload.throughput)
            | {"repeated": sieve.left_out.repeated}
            | more
            | (levels.to_json() if levels else {}),
            verdict=Verdict(checks=self._checks(requests, observed)),
        )
        try:
            write_json(self.folder / layout.CELL, self.cell.to_json())
        except OSError as error:
            self._lost(error)
        return Finished(
            cell=self.cell, level_table=table(levels, requests, window, workload) if levels else ""
        )

    def _checks(self, requests: Sequence[RequestRecord], observed: Observed) -> tuple[Check, ...]:
        wanted = self._wanted
        facts = Facts(
            requests=requests,
            window=observed.window,
            fault=self.fault,
            workers_expected=observed.workers_expected,
            workers_fewest=observed.workers_fewest,
            load_workers=observed.load_workers,
            served=self._served,
            noise=observed.noise,
            users=self.cell.concurrency,
            think_time_s=wanted.think_time_s,
            concurrency_varies=wanted.think_time_s > 0 or wanted.open_loop,
            rate=wanted.rate if wanted.open_loop else 0,
            poisson=wanted.arrival == "poisson",
            fields=tuple(self._task.fields),
            headers=tuple(wanted.headers),
            shape=self._shape,
            insecure=self._insecure,
            **self._task.facts(),
            **(self._expected.facts() if self._expected else {}),
        )
        return judge.checks_of(workload_of(self.cell.workload), facts)
