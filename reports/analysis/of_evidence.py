"""Notes on what was kept beside the requests: could all of it be read?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from records.cells import layout
from records.evidence.unreadable import EVIDENCE, unreadable
from reports.analysis.analysis import Analysis
from reports.analysis.note import Note
from reports.evidence.llm_record import record_of


@dataclass(frozen=True, kw_only=True)
class Unreadable(Note):
    """Lines of the files of one name that are left out. ``lines`` null: whole files cannot be read."""

    code = "unreadable"
    file: str
    lines: int | None
    cells: tuple[str, ...]


def unread(analysis: Analysis) -> Iterator[Note]:
    for file in EVIDENCE:
        bad: dict[str, int | None] = {}
        seen = set()
        for cell in analysis.cells:
            for folder in (part.data.path for part in cell.parts):
                path = record_of(folder) if file == layout.LLM else folder / file
                if path is None or path in seen:  # a run's cells have one record of the LLM
                    continue
                seen.add(path)
                lines = unreadable(path)
                if lines != 0:
                    bad[analysis.named(cell)] = lines
        known = [lines for lines in bad.values() if lines is not None]
        if known:
            its = tuple(name for name, lines in bad.items() if lines is not None)
            yield Unreadable(file=file, lines=sum(known), cells=its)
        if whole := tuple(name for name, lines in bad.items() if lines is None):
            yield Unreadable(file=file, lines=None, cells=whole)
