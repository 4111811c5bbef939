"""What has to be known about how something was measured: each kind of note is a type, with its figures.

The kinds, with what makes them, are in the modules ``of_*``, by what they are of. Reports only put notes into
words (`reports.notes.cautions`, `reports.notes.verdict`), and files have them as they are (``notes``).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

from reports.analysis.subject import Subject
from reports.figures.load import Load
from workloads.workload import Workload


@dataclass(frozen=True, kw_only=True)
class Note:
    """One thing to know. Cells are named as `Analysis.named` does; ``of``: of so many."""

    code: ClassVar[str]

    def to_json(self) -> dict[str, Any]:
        """Its code and its fields as plain values; a place or a load as the fields that name it."""
        raw: dict[str, Any] = {"code": self.code}
        for field in fields(self):
            value = getattr(self, field.name)
            raw |= value.to_json() if isinstance(value, Subject | Load) else {field.name: _plain(value)}
        return raw


def _plain(value: Any) -> Any:
    if isinstance(value, Load):
        return value.label
    if isinstance(value, Workload):
        return value.name
    return list(map(_plain, value)) if isinstance(value, tuple) else value
