"""What the collector sees inside a target that the sweep starts: how it gets there, and what is a cell's."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from records.files import read_lines
from records.secrets.lines import blank_line, blank_lines
from sweep.running.lent import take_back
from sweep.running.processes import PROJECT
from sweep.running.redaction import redaction

SITE = PROJECT / "profiler" / "inside" / "site"
"""Python loads it from there in the target and in all that it starts; what it hides it has run, too."""
FOLDER = "CHOKEPOINT_INSIDE"
_PATH = "PYTHONPATH"


def with_inside(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The environment of a target whose processes each write a file into ``folder``. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join(filter(None, [str(SITE), environment.get(_PATH, "")]))
    return {**environment, _PATH: path, FOLDER: str(folder.resolve())}


def copy_between(folder: Path, start_ns: int, end_ns: int, to: Path, when: Callable[[bytes], int]) -> None:
    """What processes wrote into the folder that falls into a span of time (Unix ns), by what ``when`` says
    of a line, in its order; where there was nothing an empty file, for a missing one was lost. A damaged
    line (0) goes with the one before it, so that a report can say that it is there. An app calls its threads,
    functions and files what it will: secrets in their names are blanked. What is no file there is left out,
    as a link that the app has made. Raises OSError."""
    found, redact = [], redaction().redact
    for path in sorted(folder.glob("*.jsonl")):
        told = path.lstat()
        if not stat.S_ISREG(told.st_mode):
            continue
        if told.st_mtime_ns < start_ns:  # a process that ended before has nothing in it
            continue
        at_ns = 0
        for _, line in read_lines(path, follow=False):
            at_ns = when(line) or at_ns
            if start_ns <= at_ns <= end_ns:
                found.append((at_ns, blank_line(line, redact)))
    found.sort(key=lambda one: one[0])  # stays in its order where that is the same
    to.write_bytes(b"".join(line for _, line in found))


def blank_inside(folder: Path) -> None:
    """What processes wrote into the folder, without secrets: once nobody writes into it any more, and from
    then on nobody else may. Raises OSError."""
    take_back(folder)
    redact = redaction().redact
    for path in folder.glob("*.jsonl"):
        if not stat.S_ISDIR(path.lstat().st_mode):  # a cell has nothing of such a folder
            blank_lines(path, redact)
