"""TRAPS 1-10 and 14: each fault's server beside our client, request by request, in both dialects."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from select import select
from statistics import median
from typing import Any

import pytest

from loadgen.client.connection import BlockingConnection, Connection, Timeouts
from loadgen.client.dialects import dialect
from loadgen.client.exchange import Asker, Exchange
from loadgen.client.http import Origin
from loadgen.client.watched import WatchedConnection
from loadgen.clock import Clock
from mocks.faults.catalogue import ASK_ONLY, FAULTS

MS = 1_000_000
EARLY_NS = 1 * MS
"""No client can have a token before its server sent it; two processes anchor their clocks a little apart."""
LATE_NS = 25 * MS
"""What a median may be late by on a machine that runs other tests too; the traps are set wider than that."""
ANSWERS = 3
LONG = {"small-events"}
"""Faults whose answer takes two seconds: one is enough."""
WAYS: tuple[type[Connection], ...] = (BlockingConnection, WatchedConnection)
PAIRS = [
    (name, kind) for name in FAULTS for kind in ("ask", "openai") if kind == "ask" or name not in ASK_ONLY
]
MOMENTS = ("first_event", "first_token", "last_token")
NO_KEEPING = {"connection-close", "cut"}
"""Faults after which a connection cannot carry another request."""


@dataclass(frozen=True)
class Pair:
    """One request as we saw it and as its server did, both in Unix nanoseconds."""

    ours: Exchange
    truth: dict[str, Any]
    clock: Clock

    def late_ns(self, moment: str) -> int | None:
        """How long after the server's sending we stamped it; both may say that it did not happen."""
        ours: int | None
        if moment in ("headers", "ended"):
            ours = getattr(self.ours, f"{moment}_ns")
        else:
            ours = getattr(self.ours.answer, f"{moment}_ns")
        true: int | None = self.truth[f"{moment}_at_ns"]
        assert (ours is None) == (true is None), (moment, ours, true)
        return None if ours is None or true is None else self.clock.unix(ours) - true

    @property
    def ttft_error_ns(self) -> int | None:
        """Our time to first token less the server's own."""
        ours = self.ours.answer.first_token_ns
        if ours is None:
            return None
        true: int = self.truth["first_token_at_ns"] - self.truth["received_at_ns"]
        return ours - self.ours.sent_ns - true

    @property
    def gap_errors_us(self) -> list[int]:
        true = [(after - before) // 1000 for before, after in pairwise(self.truth["token_events_at_ns"])]
        return [abs(a - b) for a, b in zip(self.ours.answer.gaps_us, true, strict=True)]

    @property
    def afterwards(self) -> int:
        """Events after the terminal one (``end``), of which nobody has to take notice."""
        return int(self.ours.outcome == "ok" and self.ours.answer.usage_tokens is None)

    @property
    def tokens(self) -> tuple[int, int]:
        """Ours and the server's; without usage a client can only count the events that hold answer text."""
        count, source = self.ours.answer.token_count
        return count, self.truth["tokens"] if source == "usage" else len(self.truth["token_events_at_ns"])


def ask(served: Any, connection: Connection, before: int = 0, answers: int = ANSWERS) -> list[Pair]:
    """Some answers of one user, and the server's records of them."""
    clock, asker, exchanges = Clock(), Asker(connection, dialect(served.dialect), {}), []
    for number in range(answers):
        exchanges.append(Exchange(sent_ns=0))
        asker.ask(f"Question {number} of {type(connection).__name__}?", exchanges[-1])
    connection.close()
    truths = served.truths(before + answers)[before:]
    return [Pair(ours, truth, clock) for ours, truth in zip(exchanges, truths, strict=True)]


def expected_outcome(truth: dict[str, Any]) -> str:
    """The server's own, but that a compressed answer is refused aloud."""
    return "stream_error" if truth["fault"] == "gzip" else str(truth["outcome"])


def check(pairs: list[Pair]) -> None:
    """Everything of each request: what it was, and how much came when."""
    for pair in pairs:
        ours, truth = pair.ours, pair.truth
        assert ours.outcome == expected_outcome(truth), ours.error
        assert (ours.error is None) == (ours.outcome == "ok")
        if truth["fault"] != "gzip":
            assert truth["events"] - pair.afterwards <= ours.answer.events <= truth["events"]
            assert ours.answer.restarted == (truth["restarts"] > 0)
            assert pair.tokens[0] == pair.tokens[1]
    bound_ns = LATE_NS * ANSWERS // len(pairs)  # one answer alone may be unlucky
    late = {"headers": [pair.late_ns("headers") for pair in pairs]}
    if pairs[0].truth["fault"] != "gzip":
        late |= {moment: [pair.late_ns(moment) for pair in pairs] for moment in MOMENTS}
        if pairs[0].truth["fault"] != "blocked-loop":  # which reads a request late, and knows only of that
            late["ttft"] = [pair.ttft_error_ns for pair in pairs]
        if pairs[0].ours.outcome == "ok":
            late["ended"] = [pair.late_ns("ended") for pair in pairs]
        errors = [error for pair in pairs for error in pair.gap_errors_us]
        assert not errors or median(errors) < bound_ns / 1000
    for moment, values in late.items():
        known = [value for value in values if value is not None]
        assert len(known) in (0, len(values)), (moment, values)
        if known:
            assert min(known) >= -EARLY_NS, (moment, known)
            assert median(known) < bound_ns, (moment, known)


@pytest.mark.parametrize(("name", "kind"), PAIRS)
def test_our_figures_are_the_servers_own(serve: Any, name: str, kind: str) -> None:
    served, answers = serve(name, kind), 1 if name in LONG else ANSWERS
    for number, way in enumerate(WAYS):
        connection = way(Origin(served.url), Timeouts(total=5))
        pairs = ask(served, connection, number * answers, answers)
        check(pairs)
        used = len({pair.truth["connection"] for pair in pairs})
        assert used == connection.connects == (answers if name in NO_KEEPING else 1)  # TRAPS 14


def trapped_ms(pairs: list[Pair], moment: str = "first_token") -> float:
    """How long after it was sent a request had this, by our own stamps."""
    found = [getattr(pair.ours.answer, f"{moment}_ns") - pair.ours.sent_ns for pair in pairs]
    return median(found) / MS


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["ask", "openai"])
@pytest.mark.parametrize("name", ["role-first", "status-first"])
def test_what_comes_before_the_first_token_is_told_apart(
    serve: Any, name: str, kind: str, way: type[Connection]
) -> None:  # TRAPS 2, 3
    served = serve(name, kind, ttft_ms=200)
    pairs = ask(served, way(Origin(served.url), Timeouts(total=5)))
    check(pairs)
    assert trapped_ms(pairs, "first_event") < 100 < 199 <= trapped_ms(pairs)


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_ends_before_its_stream_does(serve: Any, way: type[Connection]) -> None:  # TRAPS 8
    served = serve("slow-close", stall_s=0.5)
    pairs = ask(served, way(Origin(served.url), Timeouts(total=5)))
    check(pairs)
    for pair in pairs:
        assert pair.truth["closed_at_ns"] - pair.truth["ended_at_ns"] >= 499 * MS
    assert median((pair.ours.ended_ns - pair.ours.sent_ns) / MS for pair in pairs) < 300


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "tokens"), [("empty", 0), ("one-token", 1)])
def test_what_did_not_happen_has_no_time(
    serve: Any, name: str, tokens: int, way: type[Connection]
) -> None:  # TRAPS 10
    served = serve(name)
    for pair in ask(served, way(Origin(served.url), Timeouts(total=5))):
        assert pair.ours.answer.gaps_us == []
        assert (pair.ours.answer.first_token_ns is None) == (tokens == 0)
        assert pair.tokens == (tokens, tokens)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("timeouts", "said"),
    [
        ({"total": 0.3}, "the answer was not whole within the timeout"),
        ({"total": 5.0, "gap": 0.2}, "the next token did not come within the gap's timeout"),
    ],
)
def test_a_stream_that_stalls_for_ever_is_a_timeout(
    serve: Any, timeouts: dict[str, float], said: str, way: type[Connection]
) -> None:
    served = serve("stall", stall_s=float("inf"))
    for pair in ask(served, way(Origin(served.url), Timeouts(**timeouts))):
        assert (pair.ours.outcome, pair.ours.error) == ("timeout", said)
        assert pair.truth["outcome"] == "cancelled"
        assert pair.ours.answer.tokens == pair.truth["tokens"]
        assert pair.late_ns("last_token") is not None


class Relay:
    """TLS to the world, the plain server behind it; bytes are handed on as they come."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        self._behind, self._context = port, context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        """One thread for both directions: a TLS connection is not to be read and written at once."""
        plain.settimeout(20)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with socket.create_connection(("127.0.0.1", self._behind), 20) as behind:
            behind.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with suppress(OSError), self._context.wrap_socket(plain, server_side=True) as outer:
                while True:
                    ready = [outer] if outer.pending() else select([outer, behind], [], [], 20)[0]
                    for one in ready:
                        data = one.recv(65536)
                        (behind if one is outer else outer).sendall(data)
                    if not ready or not data:
                        return

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def through_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], str]]:
    """The address at which the server of a port is found behind TLS."""
    key, cert = str(tmp_path / "key.pem"), str(tmp_path / "cert.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command += ["-keyout", key, "-out", cert]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    monkeypatch.setenv("SSL_CERT_FILE", cert)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    relays: list[Relay] = []

    def start(port: int) -> str:
        relays.append(Relay(port, context))
        return f"https://localhost:{relays[-1].port}"

    yield start
    for relay in relays:
        relay.close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command to make a certificate with")
@pytest.mark.parametrize(
    "name",
    [
        "healthy",
        "role-first",
        "bundled",
        "split-utf8",
        "fields",
        "truncated",
        "no-blank-end",
        "error-200",
        "restart",
    ],
)
def test_tls_gives_the_same_records(serve: Any, through_tls: Callable[[int], str], name: str) -> None:
    served = serve(name)
    connection = BlockingConnection(Origin(through_tls(served.port)), Timeouts(total=5))
    check(ask(served, connection))
    assert connection.connects == 1
