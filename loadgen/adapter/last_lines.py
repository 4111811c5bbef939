"""What a headless load ends with: may it be believed, what to do about failures, what comes next."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from loadgen.process.run import Run
from loadgen.process.verdict_line import verdict_line
from records.cells.request import OUTCOMES
from records.secrets.secret_names import harmless
from workloads.checks.failure_advice import failure_advice

UNANSWERED = "no request was answered, or failed, in the time there was: give more with -t or --drain-seconds"


class RequestFailed(Exception):
    """How a failed request shows in locust's own tables."""


def unanswered(run: Run | None, options: Any) -> bool:
    """Did a load run to its end, and no request to its own? To locust, without a row for it, all is well."""
    return run is not None and options.headless and not (run.answered or run.interrupted)


def last_lines(run: Run, stats: Any, *, terminal: bool) -> Iterator[str]:
    """``stats``: locust's, which on a master hold what all its workers saw."""
    if run.finished is None:
        if line := _failures(run, stats):
            yield line
        return
    yield verdict_line(run.finished.cell)
    if terminal and run.cell is not None:
        yield f"Now: report {shlex.quote(str(run.cell.folder))}"


def _failures(run: Run, stats: Any) -> str:
    """Of a load without records: its commonest failure, with what to do about it; empty where none failed."""
    errors = sorted(stats.errors.values(), key=lambda error: -error.occurrences)
    for error in errors:
        outcome, _, text = _said(error.error).partition(": ")
        if outcome not in OUTCOMES:
            continue
        task, facts = run.task, run.task.facts()
        advice = failure_advice(
            outcome,
            text,
            fields=task.fields,
            headers=run.settings.headers,
            dialect=str(facts.get("dialect", "")),
            question_field=str(facts.get("question_field", "")),
            some_good=stats.total.num_failures < stats.total.num_requests,
        )
        failed = f"{stats.total.num_failures} of {stats.total.num_requests} requests failed"
        return f"{failed} ({error.occurrences} times: {harmless(text) or outcome}); {advice}"
    return ""


def _said(error: object) -> str:
    """What a RequestFailed says: an exception in the process that met it, its repr in a master."""
    if isinstance(error, RequestFailed):
        return str(error)
    shown = re.fullmatch(r"RequestFailed\((.*)\)", str(error), re.DOTALL)
    with suppress(ValueError, SyntaxError):
        return str(ast.literal_eval(shown[1])) if shown else ""
    return ""
