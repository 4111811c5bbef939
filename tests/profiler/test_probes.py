"""What probes show of a healthy service, of a blocked loop, and of a full listen queue."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from profiler.prober import Prober, _outcome, paced_s
from profiler.probes import main, wanted
from reach.address import Address
from records.evidence.probe import ACCEPT, Probe
from records.evidence.probes import read, summarise
from support import environment, wait_until

NAMES = ("ca", "cert", "cert_key", "server_name", "key_header")
OPTIONS: dict[str, Any] = {**dict.fromkeys(NAMES, ""), "insecure": False, "header": ()}
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Start = Callable[..., tuple[Prober, list[Probe]]]


class Loop:
    """A thread that takes and answers connections, like an event loop; blocked while its gate is shut."""

    def __init__(self, backlog: int = 64, answer: bytes = ANSWER) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.asked: list[bytes] = []
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.port = int(self._socket.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while self.gate.wait():
            try:
                sock, _ = self._socket.accept()
            except OSError:
                return
            self.gate.wait()
            with sock:
                asked = sock.recv(4096)
                self.asked += [asked] if asked else []
                if asked:
                    sock.sendall(self._answer)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self.gate.set()


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.close()


@pytest.fixture
def start() -> Iterator[Start]:
    running: list[Prober] = []

    def begin(url: str, kind: str, **changes: Any) -> tuple[Prober, list[Probe]]:
        kept: list[Probe] = []
        given: dict[str, Any] = {"address": Address(url), "headers": {}, "interval_s": 0.02, "offset_s": 0.0}
        prober = Prober(kind=kind, keep=kept.append, clock_ns=0, idle=threading.Event(), **(given | changes))
        running.append(prober)
        prober.start()
        return prober, kept

    yield begin
    for prober in running:
        prober.finish()


def test_a_healthy_service_takes_and_answers_each(loop: Loop, start: Start) -> None:
    _, accepts = start(loop.url, ACCEPT)
    _, paths = start(loop.url, "/health", headers={"x-api-key": "k"})
    wait_until(lambda: len(accepts) > 5 and len(paths) > 5)
    assert {one.outcome for one in (*accepts, *paths)} == {"ok"}
    assert {one.status for one in paths} == {200}
    assert b"GET /health HTTP/1.1\r\n" in loop.asked[0]
    assert b"x-api-key: k\r\n" in loop.asked[0]
    for one in (*accepts, *paths):
        assert one.due_at_ns <= one.sent_at_ns <= one.ended_at_ns
        assert one.connect_ms is not None
        assert one.kind == ACCEPT or (one.first_byte_ms or 0) >= one.connect_ms


def test_a_blocked_loop_keeps_the_path_waiting_and_takes_connections_all_the_same(
    loop: Loop, start: Start
) -> None:
    loop.gate.clear()
    _, accepts = start(loop.url, ACCEPT)
    _, paths = start(loop.url, "/health")
    wait_until(lambda: len(accepts) >= 40)
    assert not paths  # one at a time, and that one waits
    loop.gate.set()
    wait_until(lambda: len(paths) >= 2)
    taken = paths[0]
    assert taken.first_byte_ms is not None
    # The two began when their processes came to it.
    blocked = [one for one in accepts if taken.sent_at_ns <= one.due_at_ns < taken.ended_at_ns]
    assert {one.outcome for one in blocked} == {"ok"}
    assert taken.first_byte_ms > 2 * sum(one.connect_ms or 0 for one in blocked) / len(blocked)
    # Those that were due meanwhile are counted with what they would have waited.
    lasted_ms = (taken.ended_at_ns - taken.due_at_ns) / 1e6
    assert taken.missed == pytest.approx(lasted_ms / taken.interval_ms, abs=1.5)
    assert summarise(paths[:1])["/health"].missed == taken.missed
    assert paths[1].due_at_ns >= taken.ended_at_ns


def test_a_path_is_probed_as_seldom_as_it_is_dear_and_connecting_as_often_as_wanted(
    loop: Loop, start: Start
) -> None:
    assert [paced_s(0.1, took_s) for took_s in (0.0, 0.0001, 0.00025, 0.01)] == [0.1, 0.1, 0.25, 0.4]
    assert paced_s(1.0, 0.01) == 1.0
    _, accepts = start(loop.url, ACCEPT)
    _, paths = start(loop.url, "/health")
    wait_until(lambda: len(paths) > 4 and len(accepts) > 4)
    assert {one.interval_ms for one in accepts} == {20.0}
    took_ms = [(one.first_byte_ms or 0) - (one.connect_ms or 0) for one in paths]
    for number, one in enumerate(paths[1:], 1):
        dear_ms = 1e3 * paced_s(0.02, min(took_ms[:number]) / 1e3)
        assert one.interval_ms == pytest.approx(dear_ms, abs=1.1)  # that of two times in microseconds


@pytest.mark.skipif(sys.platform != "linux", reason="others refuse where the listen queue is full")
def test_a_full_listen_queue_keeps_connecting_itself_waiting(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as nobody_accepts:
        place = nobody_accepts.getsockname()
        filling = [socket.socket() for _ in range(4)]
        for sock in filling:
            sock.setblocking(False)
            sock.connect_ex(place)
        prober, kept = start(f"http://127.0.0.1:{place[1]}", ACCEPT, timeout_s=0.3)
        wait_until(lambda: len(kept) >= 2)
        wait_until(lambda: prober._running)
        prober.finish()
        assert [one.outcome for one in kept] == ["timeout"] * (len(kept) - 1) + ["unfinished"]
        assert {one.connect_ms for one in kept} == {None}
        found = summarise(kept)[ACCEPT]
        assert (found.failed, found.outcomes["unfinished"]) == (1, 1)
        assert (found.max_ms or 0) >= 300
        for sock in filling:
            sock.close()


@pytest.mark.parametrize(("answer", "outcome", "status"), [
    (b"HTTP/1.1 404 Not Found\r\n\r\n", "ok", 404), (b"HTTP/1.1 503 Busy\r\n\r\n", "status", 503),
    (b"HTTP/1.1 429 Many\r\n\r\n", "status", 429), (b"", "reset", None), (b"220 mail\r\n", "error", None),
])  # fmt: skip
def test_what_is_a_failure(start: Start, answer: bytes, outcome: str, status: int | None) -> None:
    loop = Loop(answer=answer)
    _, kept = start(loop.url, "/")
    wait_until(lambda: kept)
    loop.close()
    assert (kept[0].outcome, kept[0].status) == (outcome, status)


def test_nobody_there_is_refused_and_not_hidden(start: Start, free_port: Callable[[], int]) -> None:
    _, kept = start(f"http://127.0.0.1:{free_port()}", ACCEPT)
    wait_until(lambda: kept)
    assert (kept[0].outcome, kept[0].connect_ms) == ("refused", None)
    assert _outcome(ConnectionRefusedError(), time.monotonic() - 1) == "timeout"


def test_each_goes_over_tls_as_the_load_does(
    loop: Loop, start: Start, behind_tls: Callable[..., str], certificates: Any
) -> None:
    url = behind_tls(loop.port).replace("127.0.0.1", "localhost")
    what = wanted(url, ["/health"], OPTIONS | {"ca": certificates.ca}, {})
    assert what.kinds == (ACCEPT, "/health")
    _, kept = start(url, "/health", address=what.address)
    wait_until(lambda: len(kept) >= 3)
    assert {one.outcome for one in kept} == {"ok"}


def test_what_cannot_be_probed_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = ("--output", str(tmp_path / "p"))
    three = [word for path in ("/a", "/b", "/c") for word in ("--probe-path", path)]
    health = ["http://h", "--probe-path", "health"]
    for words in (["ftp://h"], health, ["http://h:x"], ["http://h", *three]):
        assert main([*words, *output]) == 2
        assert capsys.readouterr().err.startswith("error: ")
    assert not (tmp_path / "p").exists()


def test_a_proxy_that_is_asked_for_whole_urls_says_nothing_by_taking_a_connection() -> None:
    environment = {"HTTP_PROXY": "http://proxy.test:3128", "HTTPS_PROXY": "http://proxy.test:3128"}
    assert wanted("http://rag.test", ["/health"], OPTIONS, environment).kinds == ("/health",)
    assert wanted("https://rag.test", ["/health"], OPTIONS, environment).kinds == (ACCEPT, "/health")


def test_a_key_is_sent_and_shown_nowhere() -> None:
    what = wanted("http://rag.test", [], OPTIONS, {"TARGET_API_KEY": "sk-very-secret"})
    assert what.headers == {"Authorization": "Bearer sk-very-secret"}
    assert "secret" not in repr(what)
    with pytest.raises(click.UsageError, match="looks like a secret"):
        wanted("http://rag.test", ["/health?api_key=sk-very-secret"], OPTIONS, {})


def test_the_process_takes_idle_ones_first_and_ends_with_whoever_started_it(
    loop: Loop, tmp_path: Path
) -> None:
    output = tmp_path / "probes.jsonl"
    argv = ["-m", "profiler.probes", loop.url, "--output", str(output), "--idle", "3", "--interval", "0.02"]
    starts_it = f"import subprocess,sys; subprocess.Popen([sys.executable,*{argv!r}]); sys.stdin.read()"
    parent = subprocess.Popen(
        [sys.executable, "-c", starts_it], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
    )
    assert parent.stdout
    assert parent.stdout.readline() == b"idle probes taken\n"
    wait_until(lambda: any(not one.idle for one in read(output)))
    assert sum(one.idle for one in read(output)) >= 3
    os.kill(parent.pid, signal.SIGKILL)
    assert parent.stdout.read() == b""  # until the last who can write to it has ended
    parent.communicate()
