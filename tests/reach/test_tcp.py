"""One time for all that it takes to be connected."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from reach.address import Address
from reach.failure import ReachFailure
from reach.options import Reach
from reach.proxy import Proxies
from reach.tcp import open_socket


def soon() -> float:
    return time.monotonic() + 0.4


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Takes two connections that nobody looks at, and lets the next one wait."""
    with ExitStack() as held:
        server = held.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(2):
            client = held.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield server


def test_an_address_that_is_silent_leaves_time_for_the_next(
    silent: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as alive:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", one.getsockname()) for one in (silent, alive)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        with open_socket(Address("http://two.test"), soon()) as sock:
            assert sock.getpeername() == alive.getsockname()


def test_all_that_are_silent_take_no_longer(silent: socket.socket) -> None:
    with pytest.raises(TimeoutError):
        open_socket(Address(f"http://127.0.0.1:{silent.getsockname()[1]}"), soon())


def test_a_resolver_is_waited_for_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(30) and [])
    try:
        with pytest.raises(ReachFailure, match=r"the name slow\.test was not looked up in time"):
            open_socket(Address("http://slow.test"), soon())
    finally:
        over.set()


def test_a_name_that_nobody_knows() -> None:
    with pytest.raises(socket.gaierror):
        open_socket(Address("http://nobody.invalid"), time.monotonic() + 30)


def test_a_proxy_that_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        proxy = f"127.0.0.1:{server.getsockname()[1]}"
        reach = Reach(proxies=Proxies.of({"https_proxy": f"http://{proxy}"}))
        with pytest.raises(ReachFailure, match=f"the proxy {proxy} gave no way through in time"):
            open_socket(Address("https://service.test", reach), soon())
