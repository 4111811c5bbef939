"""A sweep from its plan to its report: what it says meanwhile, and how it ends."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from pathlib import Path

from rich.console import Console

from records.files import discard
from records.reader import cell_directories
from sweep.llm import named_llm
from sweep.plan import Plan
from sweep.progress import Progress, Watched
from sweep.runner import Sweep
from sweep.usage import UsageError


def need_report() -> None:
    """Raises UsageError where a report cannot be made: better said before the hours of load."""
    try:
        import reports.show  # noqa: F401  here, for a load worker has no numpy
    except ImportError as error:
        raise UsageError(f"the report needs {error.name}: pip install '.[report]'") from error


def run_sweep(directory: Path, plan: Plan) -> None:
    """Measure what is missing in ``directory`` and print the report; ends the process with its code."""
    from reports.show import print_report

    _measure(directory, plan, Watched())
    console = Console()
    with console.capture() as report:  # all its files are written before the first line is printed
        code = print_report(directory, console)
    print_out(report.get())
    sys.exit(code)


def _measure(directory: Path, plan: Plan, console: Console) -> None:
    def say(text: str) -> None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)

    say(f"results: {directory}")
    if named_llm(plan):
        say("LLM: the one of OPENAI_BASE_URL, not the mock server")
    resume = f"go on with: sweep --resume {shlex.quote(str(directory))}"
    try:
        with Progress(console) as progress:
            sweep = Sweep(directory=directory, plan=plan, progress=progress)
            sweep.run()
    except BaseException:  # whatever ended it, an interrupt or a fault of ours
        if any(cell_directories(directory)):
            say(resume)
        raise
    if sweep.skipped:
        repeats = Counter(key.repeat for key in sweep.skipped)
        cells = ", ".join(f"{count} of repeat {repeat}" for repeat, count in sorted(repeats.items()))
        say(f"the budget ended the sweep first; cells not measured: {cells}; {resume}")
    elif sweep.spoiled:
        cells = ", ".join(key.path for key in sweep.spoiled)
        say(f"no time was left to measure again what the machine spoiled: {cells}; {resume}")


def print_out(text: str) -> None:
    """To standard output; a reader that has left (``| head -1``) changes nothing."""
    if sys.stdout is None:  # closed, as by ``>&-``
        return
    try:
        sys.stdout.buffer.write(text.encode(sys.stdout.encoding, "replace"))
        sys.stdout.flush()
    except BrokenPipeError:
        discard(sys.stdout)
