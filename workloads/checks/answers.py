"""Checks of what came of the requests: good answers, failures, none at all?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from records.cells.cell import Check
from records.cells.finish_reasons import unknown_ends
from records.cells.flags import RETRIED
from records.cells.request import RequestRecord
from workloads.checks.advice import advised
from workloads.checks.definition import declared
from workloads.checks.facts import Facts
from workloads.checks.failure_advice import failure_advice, told
from workloads.checks.generator_advice import relief
from workloads.checks.steady_advice import ANSWERS_LONG, more_time
from workloads.checks.too_short import only_warm_up

FAILURE_SHARE = 0.05
NO_REASON_SHARE = 0.05
"""Of good answers: where more have no finish_reason, though others have, that is no accident."""
_STATUS = re.compile(r"HTTP \d{3}\b")
_MAY_BE_OURS = frozenset(("timeout", "aborted", "connect_error"))
"""How requests end of a load generator that gets no CPU as well as of a service."""


def _commonest(errors: Counter[tuple[str, str]]) -> tuple[tuple[str, str], int]:
    """Of the outcome and status that most had: the commonest text, and how many had any. A service may repeat
    each question in its text."""
    kinds: Counter[tuple[str, str]] = Counter()
    for (outcome, error), count in errors.items():
        kinds[_kind(outcome, error)] += count
    ((kind, count),) = kinds.most_common(1)
    return max((one for one in errors if _kind(*one) == kind), key=errors.__getitem__), count


def _kind(outcome: str, error: str) -> tuple[str, str]:
    status = _STATUS.match(error)
    return outcome, status[0] if status else error


@declared("failures", of_good_service=True)
def failures(facts: Facts) -> Check:
    """Failed requests as a share of all that counted; no good answer at all always fails, but for a generator
    that got no CPU, or had no time: then `generator-lag` or `too-short` fails, not the service."""
    if not facts.counted and facts.noise.generator_starved:
        return Check(name="failures", status="n/a", text="the load generator got no CPU for a request")
    if only_warm_up(facts):
        return Check(name="failures", status="n/a", text="all answers were good, and of the warm-up")
    counted, unfinished = facts.counted, sum(r.outcome == "aborted" for r in facts.requests)
    bad = sum(r.outcome != "ok" for r in counted)
    errors = Counter((str(r.outcome), r.error or "") for r in counted if r.outcome != "ok")
    why, advice = "", _more_time(facts)
    if errors:
        (outcome, error), count = _commonest(errors)
        why = f" ({count} times: {told(error)})" if error else ""
        advice = failure_advice(
            outcome,
            error,
            fields=facts.fields,
            headers=facts.headers,
            dialect=facts.dialect,
            question_field=facts.question_field,
            some_good=bad < len(counted),
        )
        if facts.noise.generator_starved and outcome in _MAY_BE_OURS:
            advice = f"the load generator itself got no CPU, so the service may be well: {relief(facts)}"
    open_still = f" that ended, {unfinished} more were without an answer" if unfinished else ""
    if bad == len(counted):
        none = Check(
            name="failures",
            status="fail",
            figure=bad,
            bound=FAILURE_SHARE,
            text=f"no good answer among {len(counted)} requests{open_still}{why}",
        )
        return advised(none, advice)
    text = f"{bad} of {len(counted)} requests failed{why}"
    return Check.bounded("failures", bad / len(counted), FAILURE_SHARE, text, advice=advice)


def _more_time(facts: Facts) -> str:
    """Where nothing ended: an answer takes longer than the longest wait for one."""
    waited = max((r.ended_at_ns - r.sent_at_ns for r in facts.requests), default=0) / 1e9
    fewer = ", or ask with fewer users" if facts.users > 1 else ""
    return f"{more_time(ANSWERS_LONG * waited)}{fewer}"


@declared("finish-reason", worth_telling=True, of_levels=True)
def finish_reason(facts: Facts) -> Check:
    """Why did the models of good answers stop? For a reason that we do not know, or for none where others
    have one, they may be good or not."""
    good = facts.good
    reasons, without = unknown_ends(good), _without_reason(good)
    named = f": {', '.join(reason for reason, _ in reasons.most_common(3))}" if reasons else ""
    text = f"{reasons.total()} of {len(good)} good answers ended for a reason that is not known{named}"
    if without:
        text += f"; {without} ended without a finish_reason, which others have: they may have broken off"
    doubtful = reasons or not good or without > NO_REASON_SHARE * len(good)
    return Check(
        name="finish-reason",
        status="n/a" if doubtful else "pass",
        figure=reasons.total() + without,
        text=text,
    )


def _without_reason(good: Sequence[RequestRecord]) -> int:
    """How many have none, where the same service gives one with others."""
    without = sum(r.finish_reason is None for r in good)
    return 0 if without == len(good) else without


@declared("tokens")
def tokens(facts: Facts) -> Check:
    """Did every good answer hold at least one token? An empty one is fast and says nothing."""
    good = facts.good
    if not good:
        return Check(name="tokens", status="n/a", text="no good answer")
    thoughts = sum(r.only_thought for r in good)
    empty = sum(r.first_token_at_ns is None for r in good) - thoughts
    found = Check(
        name="tokens",
        status="fail" if empty else "pass",
        figure=empty,
        bound=0,
        text=f"{empty} of {len(good)} good answers held no token",
    )
    return advised(
        found, "see what the service sends (curl -N), and say how it speaks: --dialect (sweep: -- --dialect)"
    )


@declared("thoughts-only", worth_telling=True, of_levels=True)
def thoughts_only(facts: Facts) -> Check:
    """Did every good answer hold a token of the answer? One of thoughts alone has no TTFT: then the TTFT is
    that of the others."""
    good = facts.good
    thoughts = sum(r.only_thought for r in good)
    return Check(
        name="thoughts-only",
        status="n/a" if thoughts or not good else "pass",
        figure=thoughts,
        text=f"{thoughts} of {len(good)} good answers held thoughts only, and have no TTFT",
    )


@declared("retrieval")
def retrieval(facts: Facts) -> Check:
    """Where documents were asked for, did every good answer bring some?"""
    good = facts.good
    if not facts.documents or not good:
        return Check(name="retrieval", status="n/a", text="no documents were asked for, or no good answer")
    without = sum(not r.documents for r in good)
    found = Check(
        name="retrieval",
        status="fail" if without else "pass",
        figure=without,
        bound=0,
        text=f"{without} of {len(good)} good answers came without documents",
    )
    return advised(
        found,
        "the knowledge base is empty, the service does not retrieve, or it says what it found otherwise than "
        'by an event {"type": "documents", "data": [...]}; where none are due, ask without retrieval: '
        "--no-rag (sweep: -- --no-rag)",
    )


UNANSWERED_SHARE = 0.05


@declared("unanswered", of_one_level=True)
def unanswered(facts: Facts) -> Check:
    """Was the time in flight that of answers, or of requests that were aborted at the end and never answered?

    A request that hangs counts nowhere else: it is neither good nor failed, and delays no percentile.
    """
    window = facts.window
    if window is None:
        return Check(name="unanswered", status="n/a", text="no window")
    held = [r for r in facts.requests if r.outcome != "dropped" and r.ended_at_ns >= window.start_ns]
    total = sum(r.ended_at_ns - r.sent_at_ns for r in held)
    hung = [r for r in held if r.outcome == "aborted"]
    return Check.bounded(
        "unanswered",
        sum(r.ended_at_ns - r.sent_at_ns for r in hung) / total if total else 0.0,
        UNANSWERED_SHARE,
        f"{len(hung)} of {len(held)} requests had no answer when the run ended; share of the time in flight",
        advice="the service hangs, or is slower than the end waits: ask with fewer users, or give it more "
        "time: --drain-seconds (sweep: -- --drain-seconds)",
    )


RETRIED_SHARE = 0.05


@declared("retried")
def retried(facts: Facts) -> Check:
    """How many requests met a dead connection and had to be sent twice?"""
    requests = facts.counted
    again = sum(RETRIED in r.flags for r in requests)
    return Check.bounded(
        "retried",
        again / len(requests) if requests else 0.0,
        RETRIED_SHARE,
        f"{again} of {len(requests)} requests were sent again on a new connection",
        advice="the service or a proxy closes idle connections under the load: raise its keep-alive time",
    )
