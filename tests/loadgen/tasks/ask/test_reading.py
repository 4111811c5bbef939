"""Each reading trap set by a server, with our figure beside the true one (TRAPS 1-10, 13, 14)."""

import math
import time
from typing import Any

import pytest

from asking import ask, until
from loadgen.tasks.ask.reading import AnswerExchange


def ms(exchange: AnswerExchange, at_ns: int | None) -> float:
    assert at_ns is not None
    return (at_ns - exchange.sent_ns) / 1e6


def late_ms(at_ns: int | None, talk: Any, write: int) -> float:
    """How long after the server wrote it, however long that slept first. ``write``: of its writes, from 0."""
    assert at_ns is not None
    return at_ns / 1e6 - talk.sent_at[write] * 1e3


def token(text: str = "word ") -> dict[str, Any]:
    return {"type": "token", "content": text}


COMPLETE = {"type": "complete", "final_answer": "x"}


def good(talk: Any) -> None:
    talk.headers()
    talk.event({"type": "documents", "data": [{"id": "a"}], "count": 1}, token(), token(), COMPLETE)
    talk.event({"type": "end"})
    talk.done()


def test_small_events_far_apart_are_stamped_as_they_come(trap: Any, asker: Any) -> None:  # TRAPS 1
    def script(talk: Any) -> None:
        talk.headers()
        for _ in range(10):
            time.sleep(0.05)
            talk.event(token())
        talk.event(COMPLETE)
        talk.done()

    server = trap(script)

    def once() -> list[float]:
        exchange = ask(asker(server.url))
        assert exchange.outcome == "ok"
        arrived_us = [(exchange.answer.first_token_ns or 0) / 1e3]
        for gap_us in exchange.answer.gaps_us:
            arrived_us.append(arrived_us[-1] + gap_us)
        sent_s = server.talks[-1].sent_at[1:11]
        return [at_us / 1e3 - sent * 1e3 for at_us, sent in zip(arrived_us, sent_s, strict=True)]

    until(once)


def test_ttft_is_not_headers_status_documents_or_empty(trap: Any, asker: Any) -> None:  # TRAPS 2, 3
    def script(talk: Any) -> None:
        talk.headers()
        talk.event({"type": "status", "message": "x"})
        talk.chunk(b": keep-alive\n\n")
        talk.event(token(""))
        time.sleep(0.08)
        talk.event({"type": "documents", "data": [], "count": 0})
        time.sleep(0.08)
        talk.event(token())
        time.sleep(0.08)
        talk.event(token(), COMPLETE)
        talk.done()

    server = trap(script)
    headers, status, _comment, _empty, _documents, first, last, _done = range(8)

    def once() -> list[float]:
        exchange = ask(asker(server.url))
        assert exchange.answer.documents == 0
        dates = [(exchange.headers_ns, headers), (exchange.answer.first_event_ns, status)]
        dates += [(exchange.answer.first_token_ns, first), (exchange.ended_ns, last)]
        return [late_ms(at_ns, server.talks[-1], write) for at_ns, write in dates]

    until(once)


def test_events_and_packets_are_different_things(trap: Any, asker: Any) -> None:  # TRAPS 4
    frame = f'data: {{"type":"token","content":"{chr(233)}"}}\n\n'.encode()
    abort = frame.index("é".encode()) + 1  # in the middle of the character

    def script(talk: Any) -> None:
        talk.headers()
        talk.event(token(), token(), token())
        talk.chunk(frame[:abort])
        time.sleep(0.06)
        talk.chunk(frame[abort:])
        talk.event(COMPLETE)
        talk.done()

    server = trap(script)

    def once() -> list[float]:
        exchange = ask(asker(server.url))
        assert exchange.outcome == "ok"
        assert exchange.answer.tokens == 4
        assert exchange.answer.gaps_us[:2] == [0, 0]
        first_ns = exchange.answer.first_token_ns or 0
        fourth_ns = first_ns + exchange.answer.gaps_us[2] * 1000
        return [late_ms(first_ns, server.talks[-1], 1), late_ms(fourth_ns, server.talks[-1], 3)]

    until(once)


@pytest.mark.parametrize("lingers", [0.2, 3.0])
def test_the_answer_ends_with_its_terminal_event(trap: Any, asker: Any, lingers: float) -> None:  # TRAPS 8
    def script(talk: Any) -> None:
        talk.headers()
        talk.event(token(), COMPLETE)
        time.sleep(lingers)
        talk.event({"type": "end"})
        talk.done()

    server = trap(script)

    def once() -> list[float]:
        """Asked again on the same connection: the rest is read first, unless it takes too long."""
        server.script, before = script, server.connections
        one = asker(server.url)
        exchange = ask(one)
        assert exchange.outcome == "ok"
        late = late_ms(exchange.ended_ns, server.talks[-1], 1)
        server.script = good
        assert ask(one).outcome == "ok"
        assert server.connections - before == (1 if lingers < 1 else 2)
        return [late]

    until(once)


def test_a_restart_counts_from_the_last_start(trap: Any, asker: Any) -> None:  # TRAPS 9
    def script(talk: Any) -> None:
        talk.headers()
        talk.event(token())
        time.sleep(0.08)
        talk.event({"type": "clear_response", "message": "again"})
        time.sleep(0.08)
        talk.event(token(), COMPLETE)
        talk.done()

    server = trap(script)

    def once() -> list[float]:
        exchange = ask(asker(server.url))
        assert exchange.answer.restarted
        return [late_ms(exchange.answer.first_token_ns, server.talks[-1], 3)]

    until(once)


def test_one_connection_serves_all_of_a_users_requests(trap: Any, asker: Any) -> None:  # TRAPS 14
    server = trap(good)
    one = asker(server.url)
    assert [ask(one).outcome for _ in range(5)] == ["ok"] * 5
    assert server.connections == one.connection.connects == 1


def test_connecting_is_not_in_the_figure_and_stale_connections_are_replaced(
    trap: Any, asker: Any
) -> None:  # TRAPS 14
    def script(talk: Any) -> None:
        good(talk)
        talk.close()  # without saying so in the headers

    server = trap(script)
    one = asker(server.url)

    def once() -> list[float]:
        asked = len(server.talks)
        exchange = ask(one)
        assert exchange.outcome == "ok"
        assert server.connections == asked + 1
        time.sleep(0.02)
        return [ms(exchange, exchange.headers_ns)]

    for _ in range(3):
        until(once)


def test_a_dead_connection_is_retried_once_only_before_any_byte(trap: Any, asker: Any) -> None:
    def script(talk: Any) -> None:
        if talk.number == 1:
            talk.close()  # the request was read, not a byte came back
        else:
            good(talk)

    server = trap(script)
    one = asker(server.url)
    assert ask(one).outcome == "ok"
    second = ask(one)
    assert (second.outcome, second.retried) == ("ok", True)
    server.script = lambda talk: talk.close()
    assert ask(asker(server.url)).outcome == "truncated"  # a fresh connection is not tried again


def test_the_timeout_is_of_the_whole_request(trap: Any, asker: Any) -> None:
    def script(talk: Any) -> None:
        talk.headers()
        for _ in range(20):
            time.sleep(0.05)
            talk.event(token())

    server = trap(script)

    def once() -> list[float]:
        exchange = ask(asker(server.url, timeout_s=0.3))
        assert exchange.outcome == "timeout"
        late = [ms(exchange, exchange.ended_ns) - 300]
        return late if 3 <= exchange.answer.tokens < 20 else [math.inf]

    until(once)


def test_interim_answers_are_passed_over(trap: Any, asker: Any) -> None:
    def script(talk: Any) -> None:
        talk.raw(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
        good(talk)

    assert ask(asker(trap(script).url)).outcome == "ok"
