"""What a load was told of its cell: the target's processes are watched, and the rest is held against it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from records.cells.cell_spec import CellSpec
from records.cells.cpus import CLUSTER, CpuDivision
from records.errors import RecordError, UsageError
from records.evidence import noise
from records.evidence.noise import Noise
from records.evidence.samples import times_ns
from records.secrets.redaction import Redaction
from workloads.checks.facts import Apart

log = logging.getLogger(__name__)


class Expected:
    """Of one cell; made just before its load starts."""

    def __init__(self, spec: CellSpec, redaction: Redaction) -> None:
        self.spec = spec
        self._redaction = redaction
        self._before = noise.read(self._processes())

    @classmethod
    def read(cls, path: str, redaction: Redaction) -> Expected:
        """Raises UsageError for a file that does not say it."""
        try:
            return cls(CellSpec.read(Path(path)), redaction)
        except RecordError as error:
            raise UsageError(f"--cell-spec: {error}") from error
        except OSError as error:
            raise UsageError(f"--cell-spec {path}: {error.strerror or error}") from error

    def noise(self, seen: Noise) -> Noise:
        """What the machine did, with how long the target waited for a CPU until now."""
        waited = noise.delay_percent(self._before, noise.read(self._processes()))
        return replace(seen, target_delay_percent=waited)

    def facts(self) -> dict[str, Any]:
        """Those of `workloads.checks.facts.Facts` that a load does not know by itself."""
        return {
            "config": self.spec.expected_config,
            "settings": {n: self._redaction.redact(text) for n, text in self.spec.expected_settings.items()},
            "unproved": self.spec.unproved_settings,
            "apart": self._apart(),
            "profiler_s": self.spec.interval_s if self.spec.samples else None,
            "profiled_at_ns": self._profiled(),
        }

    def _apart(self) -> Apart:
        division = CpuDivision.from_json(self.spec.cpus)
        if division.mode == CLUSTER:
            return Apart.CLUSTER
        if not division.target:
            return Apart.NOT_OURS
        if division.target != division.load:
            return Apart.OWN
        if self.spec.quota:
            return Apart.QUOTA
        if len(division.target) == 1:
            return Apart.ONE_CPU
        return Apart.SHARED if self.spec.divisible else Apart.TOO_FEW

    def _processes(self) -> Iterator[int]:
        """The target's, those that it started itself too."""
        for pid in self.spec.pids:
            yield pid
            with suppress(psutil.NoSuchProcess):
                yield from (child.pid for child in psutil.Process(pid).children(recursive=True))

    def _profiled(self) -> list[int]:
        try:
            return times_ns(Path(self.spec.samples)) if self.spec.samples else []
        except (RecordError, OSError) as error:
            log.error("The profiler's samples cannot be read: %s", error)
            return []
