"""Answers of two kinds in one load, in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from reports.analysis import of_kinds
from reports.analysis.note import Note
from reports.figures.text import number
from reports.notes.caution import Caution


def _of_times(notes: Sequence[of_kinds.KindsOfTimes]) -> Caution:
    note = notes[0]
    text = (
        f"answers are of two kinds: {100 * note.share:.0f} % have a {note.figure} of at most "
        f"{number(note.quick_ms)} ms, {100 * (1 - note.share):.0f} % of at least {number(note.slow_ms)} ms"
    )
    may = "some may come from a cache; a median of both describes neither"
    return Caution(
        sentences=(f"{note.cell}: {text}: {may}{_more(note.cells)}.",), brief=f"{text} ({note.cell})"
    )


def _of_lengths(notes: Sequence[of_kinds.KindsOfLengths]) -> Caution:
    note = notes[0]
    upto = (
        f"at most {note.most} tokens, most often {note.short}"
        if note.most > note.short
        else _counted(note.short)
    )
    text = f"{100 * note.share:.0f} % of the good answers have {upto}, the others at least {note.long}"
    may = "the short ones may be errors in the form of answers: see what the service sends"
    return Caution(
        sentences=(f"{note.cell}: {text}: {may}{_more(note.cells)}.",), brief=f"{text} ({note.cell})"
    )


def _counted(tokens: int) -> str:
    return f"{tokens} token{'s' * (tokens > 1)}"


def _more(cells: int) -> str:
    return f"; {cells - 1} more cells likewise" if cells > 1 else ""


WORDS_OF_KINDS: dict[type[Note], Callable[[Any], Caution]] = {
    of_kinds.KindsOfTimes: _of_times,
    of_kinds.KindsOfLengths: _of_lengths,
}
