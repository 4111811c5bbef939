"""Checks of what came of the requests: good answers, failures, none at all?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from records.cell import Check
from records.finish_reasons import KNOWN
from records.request import RequestRecord
from workloads.checks.advice import advised
from workloads.facts import Facts

FAILURE_SHARE = 0.05
MENDED: dict[str, str] = {
    "connect_error": "is the service up, and is its address right (sweep: --deployment; locust: -H)?",
    "http_error": "look into the service's log; of another API, say --dialect and --path, of one with a key, "
    "set TARGET_API_KEY, and ask an overloaded one with fewer users",
    "timeout": "ask with fewer users, or give more time: --request-timeout (sweep: -- --request-timeout)",
    "truncated": "look for what ends answers early: the service's log, the time limits of a proxy before it",
    "stream_error": "the service itself says so within its answer: look into its log",
}
"""What to do about most failures of an outcome."""


_REFUSED_FIELD = re.compile(
    r"un(?:known|recogni[sz]ed|supported|expected|permitted)|extra|forbidden|additional propert|no such"
    r"|not (?:permitted|supported|allowed|accepted)"
    r"|(?:doesn't|does not|can't|cannot|can not) (?:support|accept|find)",
    re.IGNORECASE,
)


def refused_field(error: str, fields: Sequence[str]) -> str | None:
    """The one of ``fields`` that a service refuses by this error's text, the innermost that it names.

    A name that is a word of English, too, counts in quotation marks alone."""
    if not re.match(r"HTTP 4\d\d\b", error) or not _REFUSED_FIELD.search(error):
        return None
    for name in sorted(fields, key=len, reverse=True):
        said = re.escape(re.sub(r"\d+", "N", name))  # as in an error that is counted with its like
        quotes = ("", "") if re.search("[_.]", name) else ("[\"'`\u2018\u201c]", "[\"'`\u2019\u201d]")
        if re.search(rf"(?<![\w.]){quotes[0]}{said}{quotes[1]}(?!\w|\.\w)", error):
            return name
    return None


def failures(facts: Facts) -> Check:
    """Failed requests as a share of all that counted; no good answer at all always fails."""
    counted, unfinished = facts.counted, sum(r.outcome == "aborted" for r in facts.requests)
    bad = sum(r.outcome != "ok" for r in counted)
    said = Counter(r.error for r in counted if r.outcome != "ok" and r.error).most_common(1)
    why = f" ({said[0][1]} times: {said[0][0]})" if said else ""
    kinds = Counter(str(r.outcome) for r in counted if r.outcome != "ok").most_common(1)
    advice = MENDED[kinds[0][0]] if kinds else "give it more time, or ask with fewer users"
    refused = refused_field(said[0][0] or "", facts.fields) if said else None
    if refused:
        drop = f"--drop-field {refused}"
        advice = f"the service refuses a field of the request: leave it out with {drop} (sweep: -- {drop})"
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
    text = f"{bad} of {len(counted)} requests failed{why}{_unknown_ends(counted)}"
    return Check.bounded("failures", bad / len(counted), FAILURE_SHARE, text, advice=advice)


def _unknown_ends(requests: Sequence[RequestRecord]) -> str:
    """Good answers whose model stopped for a reason that we do not know: good or not, they are told."""
    reasons = Counter(
        r.finish_reason
        for r in requests
        if r.outcome == "ok" and r.finish_reason is not None and r.finish_reason not in KNOWN
    )
    if not reasons:
        return ""
    named = ", ".join(reason for reason, _ in reasons.most_common(3))
    return f"; {reasons.total()} good answers ended for a reason that is not known: {named}"


def tokens(facts: Facts) -> Check:
    """Did every good answer hold at least one token? An empty one is fast and says nothing."""
    good = facts.good
    if not good:
        return Check(name="tokens", status="n/a", text="no good answer")
    thoughts = sum(r.only_thought for r in good)
    empty = sum(r.first_token_at_ns is None for r in good) - thoughts
    only = f"; {thoughts} held thoughts only, and have no TTFT" if thoughts else ""
    found = Check(
        name="tokens",
        status="fail" if empty else "pass",
        figure=empty,
        bound=0,
        text=f"{empty} of {len(good)} good answers held no token{only}",
    )
    return advised(
        found, "see what the service sends (curl -N), and say how it speaks: --dialect (sweep: -- --dialect)"
    )


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
        "the knowledge base is empty, or the service does not retrieve; add documents, or ask without "
        "retrieval: --no-rag (sweep: -- --no-rag)",
    )


UNANSWERED_SHARE = 0.05


def unanswered(facts: Facts) -> Check:
    """Was the time in flight that of answers, or of requests that were cut at the end and never answered?

    A request that hangs counts nowhere else: it is neither good nor failed, and delays no percentile.
    """
    window = facts.window
    if window is None:
        return Check(name="unanswered", status="n/a", text="no window")
    held = [r for r in facts.requests if r.outcome != "dropped" and r.ended_at_ns >= window.start_ns]
    total = sum(r.ended_at_ns - r.sent_at_ns for r in held)
    cut = [r for r in held if r.outcome == "aborted"]
    return Check.bounded(
        "unanswered",
        sum(r.ended_at_ns - r.sent_at_ns for r in cut) / total if total else 0.0,
        UNANSWERED_SHARE,
        f"{len(cut)} of {len(held)} requests had no answer when the run ended; share of the time in flight",
        advice="the service hangs, or is slower than the end waits: ask with fewer users, or give it more "
        "time: --drain-seconds (sweep: -- --drain-seconds)",
    )


RESENT_SHARE = 0.05


def resent(facts: Facts) -> Check:
    """How many requests met a dead connection and had to be sent twice?"""
    requests = facts.counted
    again = sum("retried" in r.flags for r in requests)
    return Check.bounded(
        "resent",
        again / len(requests) if requests else 0.0,
        RESENT_SHARE,
        f"{again} of {len(requests)} requests were sent again on a new connection",
        advice="the service or a proxy closes idle connections under the load: raise its keep-alive time",
    )
