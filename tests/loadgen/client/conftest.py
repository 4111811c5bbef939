"""A server that speaks TLS byte by byte, and whoever asks it."""

import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from loadgen.client.connect import connection
from loadgen.client.connection import Timeouts
from loadgen.client.http import Origin
from loadgen.tasks.ask.dialects import dialect
from loadgen.tasks.ask.reading import Asker
from reach.options import Reach
from reach.tls import Tls
from secured_peers import LIMIT_S, Peers, Script, Serve


@pytest.fixture
def peers(certificates: Any) -> Iterator[Serve]:
    running: list[Peers] = []

    def start(script: Script, context: ssl.SSLContext | None = None) -> Peers:
        running.append(Peers(context or certificates.server(), script))
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.fixture
def asker(certificates: Any) -> Callable[..., Asker]:
    """Of a URL, with its certificate trusted unless TLS is asked for otherwise."""

    def make(url: str, tls: Tls | None = None, **timeouts: float) -> Asker:
        reach = Reach(tls=tls or Tls(ca=certificates.ca))
        limits = Timeouts(**({"total": LIMIT_S} | timeouts))
        return Asker(connection(Origin(url, reach), limits), dialect("ask"), {})

    return make
