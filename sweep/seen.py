"""What else a sweep looks at of the apps that it starts, where it is asked to: their spans."""

from __future__ import annotations

from collections.abc import Callable

import click

from sweep.plan import Plan
from sweep.running.errors import UsageError
from sweep.running.spans import check_otlp


def looked_into(command: Callable[..., None]) -> Callable[..., None]:
    """The command with these options."""
    return click.option(
        "--otlp",
        is_flag=True,
        help="Have what is started send its OpenTelemetry spans here (OTLP over HTTP), into spans.jsonl of "
        "each cell: stage times by the GenAI conventions' names (embeddings, retrieval, chat), where the "
        "service gives none. An app has to take the header traceparent.",
    )(command)


def check_seen(plan: Plan) -> None:
    """Raises UsageError for what cannot be looked at."""
    if not plan.otlp:
        return
    if not plan.starts_targets:
        raise UsageError("--otlp tells what the sweep starts where to send its spans; nothing is started")
    check_otlp()
