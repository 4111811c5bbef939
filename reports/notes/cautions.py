"""Notes on the measurement that are reasons to read figures with care, in words: in full in the verdict, in
brief above all tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from reports.analysis import of_answers, of_loads, of_machine, of_processes, of_ratios, of_spans, of_stacks
from reports.analysis.analysis import Analysis
from reports.analysis.note import Note
from reports.figures.text import listed, number
from reports.notes.caution import ALL_NAMED, NAMED, Caution, more
from reports.notes.kind_cautions import WORDS_OF_KINDS
from reports.notes.run_cautions import WORDS_OF_RUNS
from reports.notes.sharing_cautions import WORDS_OF_SHARING
from workloads.checks.body_end import in_words


def cautions(analysis: Analysis) -> Iterator[Caution]:
    """All of them, in the order of the notes."""
    for kind, notes in grouped(analysis.notes):
        if kind is of_answers.Undecided:  # each is of another check
            yield from (WORDS[kind]([note]) for note in notes)
        elif kind in WORDS:
            yield WORDS[kind](notes)


def grouped(notes: Sequence[Note]) -> Iterator[tuple[type[Note], list[Note]]]:
    """Those of one kind that follow each other, together."""
    for kind, same in groupby(notes, type):
        yield kind, list(same)


def refusal(note: of_ratios.NotCompared) -> str:
    """Why a pair is not compared."""
    return (
        f"{note.one} is not compared with {note.other} at {listed([load.named for load in note.loads])}: "
        f"they also differ in {listed(note.differ_in)}."
    )


def _thoughts_only(notes: Sequence[of_answers.ThoughtsOnly]) -> Caution:
    worst = notes[0]
    text = f"{worst.answers} of {worst.of} good answers of {worst.at} held thoughts only"
    rest = worst.of - worst.answers
    of = f"TTFT is that of the other {rest}" if rest else "there is no TTFT"
    return Caution(sentences=(f"{text}: {of}{more(notes, 'levels')}.",), brief=f"{text}, without TTFT")


def _unknown_ends(notes: Sequence[of_answers.UnknownEnds]) -> Caution:
    worst = notes[0]
    text = f"{worst.answers} of {worst.of} good answers of {worst.at} ended for a reason not known"
    why = ", ".join(worst.reasons[:NAMED])
    may = "they may have been given up, and are in the figures"
    return Caution(sentences=(f"{text} ({why}): {may}{more(notes, 'levels')}.",), brief=f"{text} ({why})")


def _token_pace(notes: Sequence[of_answers.TokenPace]) -> Caution:
    worst = notes[0]
    return Caution(
        sentences=(
            f"{worst.at}: TPOT p50 is {number(worst.tpot_ms)} ms, ITL p50 {number(worst.itl_ms)} ms: the "
            "service's token counts (usage) hold tokens that were not streamed one by one, such as hidden "
            "thoughts, or several at a time; believe the ITL.",
        ),
        brief=f"TPOT is of more tokens than were streamed ({worst.at})",
    )


def _body_held(notes: Sequence[of_answers.BodyHeld]) -> Caution:
    text = in_words(notes[0].ms)
    return Caution(
        sentences=(f"{notes[0].at}: {text}{more(notes, 'levels')}.",), brief=f"{text} ({notes[0].at})"
    )


def _undecided(notes: Sequence[of_answers.Undecided]) -> Caution:
    [note] = notes
    others = f"; {len(note.cells) - 1} more cells likewise" if len(note.cells) > 1 else ""
    where = f" in {len(note.cells)} of {note.of} cells" if note.of > 1 else ""
    return Caution(
        sentences=(
            f"{note.cells[0]}: the check {note.check} could not be decided: {note.text}{others}. It counts "
            "neither for nor against a cell.",
        ),
        brief=f"the check {note.check} could not be decided{where}, and counts neither way",
    )


def _not_compared(notes: Sequence[of_ratios.NotCompared]) -> Caution:
    first = notes[0]
    what = listed([name.partition(" (")[0] for name in first.differ_in])  # without the code that ran
    brief = f"{first.one} is not compared with {first.other}, they also differ in {what}"
    if len(notes) > 1:
        brief = f"{len(notes)} pairs are not compared, they also differ in {what}"
    return Caution(sentences=tuple(map(refusal, notes)), brief=brief)


def _workload_mismatch(notes: Sequence[of_ratios.WorkloadMismatch]) -> Caution:
    text = f"ratios are of two loads that differ ({listed(notes[0].keys)})"
    return Caution(sentences=(f"Some {text}.",), brief=f"some {text}")


def _reached(notes: Sequence[of_ratios.ReachedDifferently]) -> Caution:
    note = notes[0]
    text = f"{note.first} and {note.second} were reached differently ({listed(note.ways)})"
    return Caution(sentences=(f"{text}: what that costs is in their ratio.",), brief=text)


def _pythons(notes: Sequence[of_ratios.PythonsDiffer]) -> Caution:
    sentences = []
    for note in notes:
        one = note.first == note.second
        builds = note.of_first if one else f"{note.of_first}; {note.of_second}"
        place = "in the spread of its figures" if one else "in their ratio"
        sentences.append(f"{_served(note)} ({builds}): what one is quicker by is {place}.")
    return Caution(sentences=tuple(sentences), brief=_served(notes[0]))


def _served(note: of_ratios.PythonsDiffer) -> str:
    if note.first == note.second:
        return f"{note.first} is served by several builds of Python"
    return f"{note.first} and {note.second} are served by other builds of Python"


def _uneven(notes: Sequence[of_processes.Uneven]) -> Caution:
    worst = notes[0]
    whole = f"{worst.at}: {worst.text} ({of_processes.STAY}): it does not show what several are worth"
    return Caution(sentences=(f"{whole}{more(notes, 'rows')}.",), brief=f"{worst.text} of {worst.at.config}")


def _overlapping(notes: Sequence[of_loads.Overlapping]) -> Caution:
    who = listed(notes[0].cells)
    return Caution(
        sentences=(
            f"{who} overlap in time and were not added up: they took from each other, so neither "
            f"shows what the service does alone{more(notes, 'pairs')}.",
        ),
        brief=f"{len(notes)} pairs of cells overlap in time" if len(notes) > 1 else f"{who} overlap in time",
    )


def _beside(notes: Sequence[of_loads.Beside]) -> Caution:
    who = listed(notes[0].cells)
    text = "ran at the same time, each on a service of its own"
    return Caution(
        sentences=(
            f"{who} {text}: they were not added up, and on one machine they took from each "
            f"other{more(notes, 'pairs')}.",
        ),
        brief=f"{len(notes)} pairs of cells {text}" if len(notes) > 1 else f"{who} {text}",
    )


def _drift(notes: Sequence[of_machine.Drift]) -> Caution:
    worst = sorted(notes, key=lambda drift: -drift.ratio)
    places = [
        f"{d.figure} of {d.deployment}/{d.config} at {d.load.named} {d.ratio:.2f}x "
        f"({number(d.lowest)} to {number(d.highest)})"
        for d in worst[:NAMED]
    ]
    if len(worst) > NAMED:
        places.append(f"{len(worst) - NAMED} more, {ALL_NAMED}")
    return Caution(
        sentences=(
            f"Repeats differ by more than {of_machine.DRIFT_RATIO}x: {listed(places)}. The service changed "
            "between them, or the machine drifted or was used by others; a smaller difference between two "
            "single cells means nothing.",
        ),
        brief=f"repeats differ by up to {worst[0].ratio:.2f}x in {worst[0].figure}",
    )


def _impossible(notes: Sequence[of_answers.ImpossibleStages]) -> Caution:
    text = f"stage times of {listed([note.at.name for note in notes])} add up to more than the TTFT"
    brief = text if len(notes) == 1 else f"stage times of {len(notes)} configurations exceed the TTFT"
    return Caution(sentences=(f"The server's {text}: do not draw from them.",), brief=brief)


def _disturbed(text: str, note: of_machine.Steal | of_machine.GeneratorWaited) -> Caution:
    text = text.format(f"{note.median:.0f}")
    most = f"(median over cells; at most {note.worst:.0f} %)"
    may = _without(note.worst)
    if note.compared:
        may += "; ratios of cells that waited alike are touched least"
    return Caution(sentences=(f"{text[0].upper()}{text[1:]} {most}: {may}.",), brief=text)


UNBELIEVABLE = 50.0
"""Per cent of the time: a process that waited longer than it did not measured its own wait."""


def _without(percent: float) -> str:
    """What a wait of so much of the time can have done: all that went on had the rest of it."""
    if percent >= UNBELIEVABLE:
        return "times and throughput of such a cell may be the machine's, and cannot be believed"
    most = f"{1 / (1 - percent / 100):.1f}"
    return f"without that, times might be as short as 1/{most} of these, and throughput {most} times as high"


def _stood_still(notes: Sequence[of_machine.StoodStill]) -> Caution:
    text = f"the load generator stood still for up to {notes[0].percent:.0f} % of a cell's time"
    whole = f"{text[0].upper()}{text[1:]} ({notes[0].cell}): it may lack that much of its throughput."
    return Caution(sentences=(whole,), brief=f"{text}, so throughput may be low")


def _late(notes: Sequence[of_answers.Late]) -> Caution:
    worst = notes[0]
    return Caution(
        sentences=(
            f"Late: {worst.requests} of {worst.of} requests of {worst.at} are in no latency: the load "
            "generator stalled. Where the service stalled with it, as on a shared machine, its slowest "
            "answers are among them.",
        ),
        brief=f"up to {100 * worst.requests / worst.of:.0f} % of a level's requests were late",
    )


def _gaps_left_out(notes: Sequence[of_answers.GapsLeftOut]) -> Caution:
    worst = notes[0]
    text = f"in {100 * worst.share:.0f} % of the answers gaps over a stall are left out of the ITL"
    return Caution(
        sentences=(f"{worst.at}: {text}, whose p99 may be higher.",),
        brief=f"ITL p99 may be higher ({worst.at})",
    )


NO_SPANS: dict[of_spans.Why, str] = {
    "other-clock": "by their spans the work began before it was asked for, or after its end: they are dated "
    "by another clock, and no stage times were taken of them",
    "other-traces": "spans came, but of other traces: the app does not go on with the trace in traceparent",
    "none": "no span came until a moment after the cell's end",
    "full": "spans were too many to be kept",
    "unnamed": "their spans name no operation of the GenAI conventions (docs/diagnosis.md: Spans)",
    "some": "their spans never came, or came after the cell's end, or name no operation",
}


def _no_spans(notes: Sequence[of_spans.SpansMissing]) -> Caution:
    worst = notes[0]
    text = f"{worst.answers} of {worst.of} answers of {worst.at} have no stage times"
    return Caution(sentences=(f"{text}: {NO_SPANS[worst.why]}{more(notes, 'loads')}.",), brief=text)


def _no_stacks(notes: Sequence[of_stacks.NoStacks]) -> Caution:
    text = "no stacks could be taken from outside"
    return Caution(sentences=(f"{notes[0].at}: {text}: {notes[0].why}{more(notes, 'loads')}.",), brief=text)


def _connecting(notes: Sequence[of_loads.Connecting]) -> Caution:
    longest = notes[0]
    text = f"connecting took {number(longest.ms)} ms a request on average, which is in no figure"
    return Caution(
        sentences=(f"{longest.cell}: {text}{more(notes, 'cells')}.",), brief=f"{text} ({longest.cell})"
    )


WORDS: dict[type[Note], Callable[[Any], Caution]] = {
    **WORDS_OF_RUNS,
    **WORDS_OF_KINDS,
    **WORDS_OF_SHARING,
    of_answers.ThoughtsOnly: _thoughts_only,
    of_answers.UnknownEnds: _unknown_ends,
    of_answers.TokenPace: _token_pace,
    of_answers.BodyHeld: _body_held,
    of_answers.Undecided: _undecided,
    of_ratios.NotCompared: _not_compared,
    of_ratios.WorkloadMismatch: _workload_mismatch,
    of_ratios.ReachedDifferently: _reached,
    of_ratios.PythonsDiffer: _pythons,
    of_processes.Uneven: _uneven,
    of_loads.Overlapping: _overlapping,
    of_loads.Beside: _beside,
    of_machine.Drift: _drift,
    of_answers.ImpossibleStages: _impossible,
    of_machine.Steal: lambda notes: _disturbed("the host took {} % of this machine's time", notes[0]),
    of_machine.GeneratorWaited: lambda notes: _disturbed(
        "the load generator waited {} % of the time for a CPU", notes[0]
    ),
    of_machine.StoodStill: _stood_still,
    of_spans.SpansMissing: _no_spans,
    of_stacks.NoStacks: _no_stacks,
    of_answers.Late: _late,
    of_answers.GapsLeftOut: _gaps_left_out,
    of_loads.Connecting: _connecting,
}
"""Of all notes of one kind; what is not here is in the verdict alone, or in a section of its own."""
