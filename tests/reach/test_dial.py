"""One limit of time holds for all of connecting: the name, the connection, the proxy, TLS."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from loadgen.client.connect import connection
from loadgen.client.connection import Timeouts
from loadgen.client.http import ConnectFailure, Origin
from reach import dial
from reach.options import Reach
from reach.proxy import Proxies

LIMIT_S = 0.3
MUCH_S = 20.0
"""More than any machine is late by, less than whatever else would end it."""


@pytest.fixture
def mute() -> Iterator[int]:
    """The port of somebody who takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def failure(origin: Origin) -> str:
    began = time.monotonic()
    with pytest.raises(ConnectFailure) as caught:
        connection(origin, Timeouts(total=60, connect=LIMIT_S)).connect()
    assert time.monotonic() - began < MUCH_S
    return str(caught.value)


def test_a_proxy_that_never_answers(mute: int) -> None:
    reach = Reach(proxies=Proxies(https=f"http://127.0.0.1:{mute}"))
    said = failure(Origin("https://service.example", reach))
    assert said == f"the proxy 127.0.0.1:{mute} gave no way through in time"


def test_a_server_that_never_shakes_hands(mute: int) -> None:
    said = failure(Origin(f"https://127.0.0.1:{mute}"))
    assert said == "TLS: no handshake in time; a service without TLS is asked as http://"


def test_a_name_that_is_not_found_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def slow(*_: Any, **__: Any) -> Any:
        go_on.wait(MUCH_S)
        return []

    monkeypatch.setattr(dial.socket, "getaddrinfo", slow)
    try:
        assert failure(Origin("http://service.example")) == "the name was not looked up in time"
    finally:
        go_on.set()
