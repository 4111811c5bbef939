"""Where requests wait, in words, and of whom nothing is known."""

from __future__ import annotations

from collections.abc import Sequence

from reports.document.sentence import Sentence
from reports.figures.text import listed, number, users
from reports.findings.whole.waiting import Queueing, Waiting

WHERE = {
    "TTFT": "requests wait inside the service, or for what it asks",
    "E2E": "answers take longer once they have begun",
}


def blind(deployments: Sequence[str], profiles: Sequence[str], *, can_send: bool) -> Sentence:
    """That nothing is known of their parts, and what to do next. ``profiles``: where their CPU is kept;
    ``can_send``: has what they speak a place for stage times?"""
    give, one, its = ("gives", "it", "its") if len(deployments) == 1 else ("give", "them", "their")
    cpu = listed(profiles) if profiles else "profile --port PORT"
    send = f"or have {one} send timings (docs/your-service.md: Stage times)"
    other = (
        f"or take spans (--otlp) where a sweep starts {one} (run:), which also looks inside; into what runs "
        "already --attach looks, and --scrape keeps /metrics (docs/your-service.md: Without stage times)"
    )
    return Sentence(
        text=f"{listed(deployments)} {give} no stage times, so which part takes the TTFT is not known: look "
        f"at {its} CPU under load ({cpu}) and {its} log, {send if can_send else other}.",
        extra=True,
    )


def waiting(deployment: str, found: Waiting) -> Sentence:
    at, where = found.since.load.users, WHERE[found.time]
    text = (
        f"{deployment}: from {at} to {users(found.top.load.users)} {found.time} p50 grows from "
        f"{number(found.before_ms)} to {number(found.after_ms)} ms and RPS does not: {where}."
    )
    return Sentence(text=text, short=text)


def queueing(found: Queueing) -> Sentence:
    at = found.at
    text = (
        f"{at.deployment}/{at.config}: at {at.load.named} requests wait in the queue of the stage "
        f"{found.stage} for {number(found.queued_ms)} of the {number(at.ttft_ms)} ms until their first token."
    )
    return Sentence(text=text, short=text)
