"""What services really send, byte by byte, and what must be made of it (TRAPS 1-10).

Each script of ``tests/stream_services`` is an answer as somebody's service was seen to send it, with where it
was reported, and what is right. The client alone asks for it, and a load for one of each kind.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from loadgen.client.connect import connection
from loadgen.client.connection import Timeouts
from loadgen.tasks.ask.dialects import dialect
from loadgen.tasks.ask.reading import AnswerExchange, Asker
from stream_services import agents, events, failures, gateways, over_http, thoughts
from stream_services.service import SERVICES, Service
from support import rows

KINDS = (agents, events, failures, gateways, over_http, thoughts)
"""Each adds its own to ``SERVICES``."""
EARLY_NS = 5_000_000
TRIES = 10
FRAMED = {"truncated", "http_error"}
"""Of these it matters over TLS, too, how the answer ends; of the others only what is in it."""


@pytest.mark.parametrize(
    ("over", "one"),
    [("http", one) for one in SERVICES] + [("https", one) for one in SERVICES if one.outcome in FRAMED],
    indirect=["over"],
    ids=lambda value: getattr(value, "name", value),
)
def test_the_client_alone(one: Service, trap: Any, over: Any) -> None:
    server = trap(one.script)
    for number in range(TRIES):
        exchange = AnswerExchange(sent_ns=0)
        asked = connection(over.origin(server.url), Timeouts(total=30))
        try:
            Asker(asked, dialect(one.dialect), {}).ask("why?", exchange)
        finally:
            asked.close()
        assert (exchange.outcome, exchange.error) == (one.outcome, one.error)
        if one.outcome != "ok":
            return
        assert exchange.answer.token_count == (one.tokens, one.source)
        assert exchange.ended_ns >= (exchange.answer.last_token_ns or 0)
        sent_at = server.talks[number].sent_at
        generated = dated(exchange.answer.first_generated_ns, one.generated, sent_at)
        if dated(exchange.answer.first_token_ns, one.first, sent_at) and generated:
            return
    raise AssertionError(f"late in each of {TRIES} tries")  # a busy machine is late now and then


def dated(at_ns: int | None, piece: int | None, sent_at: Sequence[float]) -> bool:
    """Is it the date of that piece: not before it was sent (never), and before the next one was?"""
    assert (at_ns is None) == (piece is None)
    if at_ns is None or piece is None:
        return True
    assert at_ns >= sent_at[piece + 1] * 1e9 - EARLY_NS  # the head went first
    return at_ns < sent_at[piece + 2] * 1e9


def test_in_a_load(trap: Any, locust: Any, tmp_path: Path) -> None:
    """Each row's service answers a question of its own, which is asked some times. Over HTTP alone: over TLS
    each is read above."""
    rows_of = {one.name: one for one in SERVICES if one.row}

    def by_question(talk: Any) -> None:
        rows_of[json.loads(talk.body)["messages"][-1]["content"].split()[0]].script(talk)

    questions = [{"id": f"{name} {n}", "question": f"{name} {n}"} for n in range(4) for name in rows_of]
    (tmp_path / "questions.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in questions))
    words = ("--requests", "24", "--warmup-requests", "1", "--min-seconds", "0", "-t", "60s")
    one = locust(
        *("-H", trap(by_question).url, "--headless", "-u", "4", "--dialect", "openai", *words),
        *("--questions", "questions.jsonl", "--results", "r"),
    )
    assert one.wait() in (0, 3), one.text
    records = rows(tmp_path / "r" / "requests.jsonl")
    assert {record["question"].split()[0] for record in records} == rows_of.keys()
    for record in records:
        name = record["question"].split()[0]
        right = rows_of[name]
        assert (record["outcome"], record["error"]) == (right.outcome, right.error), name
        if right.outcome == "ok":
            assert (record["tokens"], record["token_source"]) == (right.tokens, right.source), name
            assert (record["first_token_at_ns"] is None) == (right.first is None), name
            if "late" not in record["flags"]:  # else what was sent apart was read together
                generated, first = record["first_generated_at_ns"], record["first_token_at_ns"]
                assert (generated == first) == (right.generated == right.first), name
