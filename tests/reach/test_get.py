"""The unmeasured GET: what it is told where nothing is reached, directly and through a proxy."""

import re
import socket
import threading
from typing import Any

import pytest

from reach.address import Address
from reach.failure import ReachFailure
from reach.get import get
from reach.options import Reach
from reach.proxy import Proxies
from reach.tls import Tls


def fine(talk: Any) -> None:
    talk.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def answering(trap: Any) -> Any:
    server = trap(fine)
    server.on_get = fine
    return server


def failure(address: Address, seconds: float = 30.0) -> ReachFailure:
    with pytest.raises(ReachFailure) as caught:
        get(address, "/config", {}, seconds)
    assert "\n" not in str(caught.value)
    return caught.value


def asked(url: str, **tls: Any) -> int:
    return get(Address(url, Reach(tls=Tls(**tls))), "/config", {}, 30.0)[0]


def test_an_answer_over_either_way(trap: Any, over: Any) -> None:
    server = answering(trap)
    assert get(over.origin(server.url), "/config", {"X-Team": "a"}, 30.0) == (200, b"ok")


def test_who_cannot_be_verified_is_said_with_what_to_do(
    trap: Any, behind_tls: Any, certificates: Any
) -> None:
    server = answering(trap)
    url = behind_tls(server.url)
    assert "TLS: unable to get local issuer certificate; --ca FILE" in str(failure(Address(url)))
    trusted = Reach(tls=Tls(ca=certificates.ca))
    for name, reach, said in (
        ("ca", Reach(), "TLS: self-signed certificate; --ca FILE"),
        ("other", trusted, "TLS: Hostname mismatch.*--server-name NAME"),
        ("expired", trusted, "TLS: certificate has expired"),
    ):
        url = behind_tls(server.url, certificates.server(name))
        found = failure(Address(url, reach))
        assert re.search(said, str(found))
        assert found.final
        assert asked(url, insecure=True) == 200
        assert name != "other" or asked(url, ca=certificates.ca, server_name="other.test") == 200


def test_a_service_that_wants_a_certificate(trap: Any, behind_tls: Any, certificates: Any) -> None:
    server = answering(trap)
    url = behind_tls(server.url, certificates.server(wants_client=True))
    found = failure(Address(url, Reach(tls=Tls(ca=certificates.ca))))
    assert "certificate required; --cert FILE" in str(found)
    cert, key = (certificates.path(f"client.{kind}") for kind in ("pem", "key"))
    assert asked(url, ca=certificates.ca, cert=cert, cert_key=key) == 200


def test_http_and_https_taken_for_each_other(trap: Any, behind_tls: Any) -> None:
    server = answering(trap)
    url = behind_tls(server.url)
    found = failure(Address(url.replace("https", "http")))
    assert (str(found), found.final) == ("what answers there speaks TLS: ask it as https://", True)
    refusing = trap(fine)  # it reads for ever, as HTTP: no head ends in a greeting of TLS
    said = str(failure(Address(refusing.url.replace("http", "https")), 1.0))
    assert said == "TLS: no handshake in time; a service without TLS is asked as http://"


def test_a_plain_service_that_answers_a_greeting_of_tls_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def answer() -> None:
            sock, _ = listener.accept()
            with sock:
                sock.recv(100)
                sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                sock.recv(100_000)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        found = failure(Address(f"https://127.0.0.1:{port}"))
        thread.join(60)
    assert (str(found), found.final) == ("TLS: what answers there speaks no TLS: ask it as http://", True)


def test_through_a_proxy(trap: Any, behind_tls: Any, certificates: Any, proxy: Any) -> None:
    """The proxy knows where a name is; here each is this machine."""
    server, between = answering(trap), proxy()
    https = behind_tls(server.url).replace("localhost", "service.test")
    plain = server.url.replace("127.0.0.1", "service.test")
    told = Proxies(https=f"http://me:secret@{between.name}", http=f"http://me:secret@{between.name}")
    reach = Reach(tls=Tls(ca=certificates.ca), proxies=told)
    for url in (https, plain):
        assert get(Address(url, reach), "/config", {}, 30.0) == (200, b"ok")
    begins = (b"CONNECT service.test:", f"GET {plain}/config HTTP/1.1".encode())
    for head, begin in zip(between.heads, begins, strict=True):
        assert head.startswith(begin)
        assert b"Proxy-Authorization: Basic bWU6c2VjcmV0" in head


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "403 Forbidden"])
def test_a_proxy_that_refuses_is_named_without_its_password(proxy: Any, status: str) -> None:
    between = proxy(status)
    reach = Reach(proxies=Proxies(https=f"http://me:secret@{between.name}"))
    said = str(failure(Address("https://service.test", reach)))
    assert said.startswith(f"the proxy {between.name} answered {status}")
    assert "secret" not in said
    assert ("user and password" in said) == status.startswith("407")


def test_a_proxy_that_is_not_there(free_port: Any) -> None:
    port = free_port()
    reach = Reach(proxies=Proxies(https=f"127.0.0.1:{port}", http=f"127.0.0.1:{port}"))
    for scheme in ("http", "https"):
        said = str(failure(Address(f"{scheme}://service.test", reach)))
        assert said == f"the proxy 127.0.0.1:{port}: connection refused"
