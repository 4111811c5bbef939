"""Each request is a trace of its own, by the id that its record has."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from loadgen.client.connect import connection
from loadgen.client.connection import Timeouts
from loadgen.client.http import Origin
from loadgen.tasks.ask.dialects import dialect
from loadgen.tasks.ask.reading import AnswerExchange, Asker
from records.cells.request import RequestRecord, decode
from records.errors import RecordError

PARENT = re.compile(rb"\r\ntraceparent: 00-([0-9a-f]{32})-([0-9a-f]{16})-01\r\n")


def answer(talk: Any) -> None:
    talk.headers()
    talk.event({"type": "token", "content": "word "}, {"type": "complete"})
    talk.done()


def ask(url: str, headers: dict[str, str]) -> list[AnswerExchange]:
    asker = Asker(connection(Origin(url), Timeouts(total=60)), dialect("ask"), headers)
    asked = []
    for _ in range(2):
        asked.append(AnswerExchange(sent_ns=0))
        asker.ask("why?", asked[-1])
    return asked


def test_each_request_has_the_trace_that_is_kept_of_it(trap: Any) -> None:
    server = trap(answer)
    asked = ask(server.url, {})
    assert [one.outcome for one in asked] == ["ok", "ok"]
    sent = [PARENT.search(talk.head + b"\r\n") for talk in server.talks]
    assert [one and one[1].decode() for one in sent] == [one.trace_id for one in asked]
    assert asked[0].trace_id != asked[1].trace_id
    assert all(talk.body.startswith(b"{") and talk.body.endswith(b"}") for talk in server.talks)


@pytest.mark.parametrize("name", ["traceparent", "Traceparent"])
def test_who_gives_the_header_has_theirs_sent(name: str, trap: Any) -> None:
    server = trap(answer)
    asked = ask(server.url, {name: "00-1-2-00"})
    assert [one.trace_id for one in asked] == [None, None]
    assert [talk.head.lower().count(b"traceparent: 00-1-2-00") for talk in server.talks] == [1, 1]


def test_an_older_record_has_none(record: Callable[..., RequestRecord]) -> None:
    line = record(trace_id="ab").encode()
    assert decode(line).trace_id == "ab"
    assert decode(line.replace(b'"trace_id":"ab",', b"")).trace_id is None
    with pytest.raises(RecordError, match="trace_id"):
        decode(line.replace(b'"ab"', b"7"))
