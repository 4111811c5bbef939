"""Notes on what was run, in words, as in `reports.notes.cautions`."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import Any

from records.cells import layout
from reports.analysis import of_ends, of_evidence, of_missing, of_records, of_runs
from reports.analysis.note import Note
from reports.figures.text import listed
from reports.notes.caution import Caution, more, some


def _not_proved(notes: Sequence[of_runs.NotProved]) -> Caution:
    count = f"{len(notes[0].cells)} of {_cells(notes[0].of)}"
    return Caution(
        sentences=(
            f"The configuration of {count} was set, but not proved: the service does not report its settings "
            "(no /config).",
        ),
        brief=f"the configuration of {count} was set, but not proved",
    )


def _as_is(notes: Sequence[of_runs.AsIs]) -> Caution:
    count = f"{len(notes[0].cells)} of {_cells(notes[0].of)}"
    return Caution(
        sentences=(
            f"The configuration of {count} is called as-is and not proved: the service does not report its "
            "settings (no /config).",
        ),
        brief=f"the configuration of {count} is not proved (the service does not report it)",
    )


def _not_verified(notes: Sequence[of_runs.NotVerified]) -> Caution:
    count = f"{len(notes[0].cells)} of {_cells(notes[0].of)}"
    return Caution(
        sentences=(f"{count}: --insecure was given, so nobody verified which service answered.",),
        brief=f"{count} did not verify the service (--insecure)",
    )


def _older(notes: Sequence[of_runs.Older]) -> Caution:
    text = f"{len(notes[0].cells)} of {_cells(notes[0].of)} are too old to tell what was started and asked"
    alone = "they are pooled with each other only, and may be of different services or questions"
    return Caution(sentences=(f"{text}: {alone}.",), brief=text)


def _lost(notes: Sequence[of_runs.Lost]) -> Caution:
    [note] = notes
    sentences = []
    if bare := note.without_cell:
        count = "1 folder holds" if len(bare) == 1 else f"{len(bare)} folders hold"
        sentences.append(f"{count} requests but no {layout.CELL}, and no figure has them: {some(bare)}.")
    if torn := note.unreadable:
        sentences.append(f"{_cells(len(torn))} cannot be read, and no figure has them: {some(torn)}.")
    return Caution(sentences=tuple(sentences), brief=f"{_cells(len(bare) + len(torn))} cannot be read")


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _incomplete(notes: Sequence[of_runs.Incomplete]) -> Caution:
    count = len(notes[0].cells)
    text = f"{_cells(count)} {'has no end and was' if count == 1 else 'have no end and were'} left out"
    return Caution(sentences=(f"{text}: {some(notes[0].cells)}.",), brief=text)


def _earlier_try(notes: Sequence[of_runs.EarlierTry]) -> Caution:
    [note] = notes
    text = f"the last try of {_cells(len(note.cells))} has no end, and the best of those before it counts"
    return Caution(sentences=(f"{text[0].upper()}{text[1:]}: {some(note.cells)}.",), brief=text)


ENDS = {"running": "is still at work or was killed", "interrupted": "was interrupted"}


def _unfinished(notes: Sequence[of_runs.Unfinished]) -> Caution:
    sentences = []
    for note in notes:
        missing = ""
        if count := len(note.missing):
            missing = f"{_cells(count)} {'is' if count == 1 else 'are'} missing ({some(note.missing)}); "
        sentences.append(
            f"The sweep {note.source} {ENDS.get(note.status, 'failed')}, it is not complete: "
            f"{missing}{_resume(note)} measures what is missing."
        )
    brief = f"{len(notes)} sweeps are not complete"
    if len(notes) == 1:
        brief = f"the sweep is not complete ({_resume(notes[0])})"
    return Caution(sentences=tuple(sentences), brief=brief)


def _resume(note: of_runs.Unfinished) -> str:
    return f"sweep --resume {shlex.quote(note.directory)}"


def _unreadable(notes: Sequence[of_evidence.Unreadable]) -> Caution:
    """One for all: what a file would have said is missing, whichever it is."""
    parts = [
        f"{'files' if note.lines is None else _lines(note.lines)} of {note.file} ({some(note.cells)})"
        for note in notes
    ]
    sentence = f"{listed(parts)} could not be read and are left out."
    files = listed(list(dict.fromkeys(note.file for note in notes)))
    return Caution(sentences=(sentence,), brief=f"some of {files} could not be read")


def _missing(notes: Sequence[of_missing.Missing]) -> Caution:
    parts = listed([f"{note.file} of {some(note.cells)}" for note in notes])
    are = "is" if len(notes) == 1 else "are"
    files = listed([f"{note.file} of {_cells(len(note.cells))}" for note in notes])
    return Caution(
        sentences=(
            f"{parts} {are} missing, which the sweep was to keep: no finding has what it would show.",
        ),
        brief=f"{files} {are} missing",
    )


def _partial(notes: Sequence[of_missing.Partial]) -> Caution:
    parts = [
        f"{note.file} says nothing of up to {note.seconds:.1f} of the {note.of:.1f} s that were measured "
        f"({some(note.cells)})"
        for note in notes
    ]
    files = listed([note.file for note in notes])
    return Caution(
        sentences=(f"{listed(parts)}: what is found rests on the rest.",),
        brief=f"{files} of some cells {'covers' if len(notes) == 1 else 'cover'} only a part of their time",
    )


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count} lines"


def _impossible_times(notes: Sequence[of_records.ImpossibleTimes]) -> Caution:
    [note] = notes
    text = f"the times or counts of {_records(note.records)} cannot be"
    why = (
        "moments out of order, as an answer before its request, gaps unlike its tokens, fewer than none, or "
        "hours past its cell's time"
    )
    return Caution(
        sentences=(
            f"{text[0].upper()}{text[1:]} ({why}), and no figure has them, so that throughput is lower by as "
            f"many, and the slowest may be among them: {some(note.cells)}.",
        ),
        brief=text,
    )


def _repeated(notes: Sequence[of_records.Repeated]) -> Caution:
    [note] = notes
    of = "is of a request that has" if note.records == 1 else "are of requests that have"
    text = f"{_records(note.records)} {of} another"
    return Caution(
        sentences=(f"{text}: each request counts once, by the first of them ({some(note.cells)}).",),
        brief=f"{text}, and each counts once",
    )


def _records(count: int) -> str:
    return "1 record" if count == 1 else f"{count} records"


def _ended_short(notes: Sequence[of_ends.EndedShort]) -> Caution:
    sentences = []
    for note in notes:
        seconds, count = _span(note.seconds, note.most_seconds), _span(note.fewest, note.most)
        enough = (
            "give them more (--max-seconds)"
            if note.enough_seconds is None
            else f"--max-seconds {note.enough_seconds} lets them finish"
        )
        sentences.append(
            f"{len(note.cells)} of {_cells(note.of)} ended after {seconds} s with {count} of the "
            f"{_span(note.requests, note.most_requests)} requests asked for: {enough}."
        )
    brief = f"{_cells(sum(len(note.cells) for note in notes))} ended before all requests (--max-seconds)"
    return Caution(sentences=tuple(sentences), brief=brief)


def _falling_load(notes: Sequence[of_ends.FallingLoad]) -> Caution:
    worst = notes[0]
    text = f"{worst.answers} of {worst.of} answers of {worst.cell} ended when users were idle already"
    short = "its times may be too short"
    enough = "a longer cell has fewer of them (--requests, --max-seconds)"
    return Caution(
        sentences=(f"{text}: under less load, so that {short}{more(notes, 'cells')}; {enough}.",),
        brief=f"{text}, and {short}",
    )


def _span(least: float, most: float) -> str:
    return f"{least:g}" if least == most else f"{least:g}-{most:g}"


def _given_up(notes: Sequence[of_runs.GivenUp]) -> Caution:
    """A sentence for each reason, of all directories."""
    by_reason: dict[str, list[str]] = {}
    for note in notes:
        by_reason.setdefault(note.why, []).extend(note.cells)
    sentences = tuple(
        f"{_not_measured(len(cells))}: {some(cells)}.{f' Why: {why}.' if why else ''}"
        for why, cells in by_reason.items()
    )
    return Caution(sentences=sentences, brief=_not_measured(sum(map(len, by_reason.values()))))


def _not_measured(count: int) -> str:
    return f"{_cells(count)} of the plan {_were(count)} not measured"


def _again(notes: Sequence[of_runs.MeasuredAgain]) -> Caution:
    [note] = notes
    count = len(note.cells)
    it, it_was = ("it", "it was") if count == 1 else ("them", "they were")
    why = f"the machine had spoiled {it}, or {it_was} too short"
    text = f"{count} of {_cells(note.of)} {_were(count)} measured again: {why}"
    kept = "Earlier tries are kept beside each, as .try-1 and so on."
    if note.last_worse:
        kept += f" Of {some(note.last_worse)} one of these counts: the last failed more checks."
    return Caution(sentences=(f"{text} ({some(note.cells)}). {kept}",), brief=text)


def _one_repeat(notes: Sequence[of_runs.OneRepeat]) -> Caution:
    each = "each load has" if notes[0].most == 1 else "some loads have"
    text = f"{each} one valid cell"  # not "was measured once": a cell may have been measured again
    return Caution(
        sentences=(
            f"{text[0].upper()}{text[1:]}: intervals leave out how much runs differ (sweep: more --repeats).",
        ),
        brief=f"{text}, so how much runs differ is not known",
    )


WORDS_OF_RUNS: dict[type[Note], Callable[[Any], Caution]] = {
    of_runs.NotProved: _not_proved,
    of_runs.AsIs: _as_is,
    of_runs.NotVerified: _not_verified,
    of_runs.Older: _older,
    of_runs.Lost: _lost,
    of_runs.Incomplete: _incomplete,
    of_runs.EarlierTry: _earlier_try,
    of_runs.Unfinished: _unfinished,
    of_evidence.Unreadable: _unreadable,
    of_records.ImpossibleTimes: _impossible_times,
    of_records.Repeated: _repeated,
    of_ends.EndedShort: _ended_short,
    of_ends.FallingLoad: _falling_load,
    of_missing.Missing: _missing,
    of_missing.Partial: _partial,
    of_runs.GivenUp: _given_up,
    of_runs.MeasuredAgain: _again,
    of_runs.OneRepeat: _one_repeat,
}
