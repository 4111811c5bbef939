"""What the load took of the CPUs that it shared with the service, in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from reports.analysis.note import Note
from reports.analysis.of_sharing import LoadTook
from reports.figures.text import number
from reports.notes.caution import Caution, more


def _took(notes: Sequence[LoadTook]) -> Caution:
    worst = notes[0]
    whose = "this machine's" if worst.more is None else "the service's"
    took = f"took {number(worst.cores)} of {whose} {worst.of} core{'s' * (worst.of != 1)}"
    if worst.more is None:
        full = f"something waited for a CPU for {worst.waited_percent or 0.0:.0f} % of the time"
        then = "a service that runs here, too, might do more on a machine of its own"
    else:
        full = "the service waited for them"
        then = f"on a machine of its own it might do up to {100 * worst.more:.0f} % more"
    return Caution(
        sentences=(f"The load itself {took} ({worst.cell}), and {full}: {then}{more(notes, 'cells')}.",),
        brief=f"the load {took}: {then}",
    )


WORDS_OF_SHARING: dict[type[Note], Callable[[Any], Caution]] = {LoadTook: _took}
