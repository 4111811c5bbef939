"""The files and the key that TLS and a service want: usable, or refused in one line."""

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from loadgen.client.sender import HEADERS
from reach import options
from reach.address import Address
from reach.failure import ReachError
from reach.key import key_headers, key_of, request_headers, secrets_of
from reach.options import Reach
from reach.tls import MOST_BYTES, Tls, context


def test_a_process_has_one_context_and_an_address_reads_no_file() -> None:
    assert Address("https://a.test").context is Address("https://b.test:1").context
    assert Address("http://a.test").context is None
    address = Address("https://a.test", Reach(tls=Tls(ca="absent.pem")))
    with pytest.raises(ReachError, match=r"--ca absent\.pem: No such file"):
        _ = address.context


def test_files_that_cannot_be_used_are_one_line(certificates: Any, tmp_path: Path) -> None:
    junk, empty = tmp_path / "junk.pem", tmp_path / "empty.pem"
    junk.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    empty.write_text("")
    cert, key, other = (certificates.path(name) for name in ("client.pem", "client.key", "server.key"))
    encrypted = str(tmp_path / "encrypted.key")
    words = ("openssl", "ec", "-aes256", "-passout", "pass:x", "-in", key, "-out", encrypted)
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    absent, pipe, long = (str(tmp_path / name) for name in ("absent.pem", "pipe", "long.pem"))
    os.mkfifo(pipe)
    Path(long).touch()
    os.truncate(long, MOST_BYTES + 1)
    wrong = [
        (Tls(ca=absent), "--ca .*absent.pem: No such file"),
        (Tls(ca=str(junk)), "--ca .*junk.pem holds no certificate in PEM"),
        (Tls(ca=str(empty)), "--ca .*empty.pem holds no certificate in PEM"),
        (Tls(ca=str(tmp_path)), "--ca .*: this is a folder, and has to be a file"),
        (Tls(ca="/dev/zero"), "--ca /dev/zero: this is a device, and has to be a file"),
        (Tls(ca=pipe), "--ca .*pipe: this is a pipe, and has to be a file"),
        (Tls(cert=pipe, cert_key=key), "--cert .*pipe: this is a pipe"),
        (Tls(cert=cert, cert_key=pipe), "--cert-key .*pipe: this is a pipe"),
        (Tls(ca="a\0b"), "--ca .*: no file has such a name"),
        (Tls(ca=long), "--ca .*long.pem: longer than the 10 MB that are read"),
        (Tls(ca=certificates.ca, insecure=True), "--insecure verifies nothing, so that --ca says nothing"),
        (Tls(cert=absent, cert_key=key), "--cert .*absent.pem: No such file"),
        (Tls(cert=cert, cert_key=absent), "--cert-key .*absent.pem: No such file"),
        (Tls(cert=cert), "--cert .*client.pem holds no private key beside its certificate; give --cert-key"),
        (Tls(cert=key), "--cert .*client.key holds no certificate in PEM"),
        (Tls(cert=str(junk), cert_key=key), "--cert .*junk.pem holds no certificate in PEM"),
        (Tls(cert=cert, cert_key=str(junk)), "--cert-key .*junk.pem holds no private key in PEM"),
        (Tls(cert=cert, cert_key=cert), "--cert-key .*client.pem holds no private key in PEM"),
        (Tls(cert=cert, cert_key=other), "server.key: the key is not that of the certificate in --cert .*"),
        (Tls(cert=cert, cert_key=encrypted), "--cert-key .*encrypted.key: the key is encrypted"),
        (Tls(cert_key=key), "--cert-key wants the --cert FILE"),
    ]
    for tls, said in wrong:
        with pytest.raises(ReachError, match=said) as caught:
            tls.check()
        assert "\n" not in str(caught.value)
    good = Tls(cert=cert, cert_key=key, ca=certificates.ca)
    good.check()
    assert context(good) is context(good)
    kept = {"cert": cert, "cert_key": key, "ca": certificates.ca, "server_name": None, "insecure": False}
    assert good.to_json() == kept


@pytest.mark.parametrize(("names", "said"), [
    (("x api", "x:y", "é", "x\r\ny", "=", "k" * 99), "--key-header wants the name of a header"),
    ((*HEADERS, "Accept", "Host", "content-length", "TE", "Proxy-Authorization", "cookie"),
     "that header says something else"),
    (("sk-12345678", "sk-proj-0123456789abcdef", "a1b2c3d4e5f6a7b8c9"),
     r"looks like a key, whose place is .*: TARGET_API_KEY"),
])  # fmt: skip
def test_what_is_no_name_of_a_key_s_header_is_refused(names: tuple[str, ...], said: str) -> None:
    for name in names:
        with pytest.raises(ReachError, match=said) as caught:
            key_headers("sk-12345678", name)
        assert name not in str(caught.value) or "looks like" not in said


def test_the_key_s_header() -> None:
    assert (key_headers("k"), key_headers(""), Reach().key_header) == ({"Authorization": "Bearer k"}, {}, "")
    for name in ("x-api-key", "Authorization", "Ocp-Apim-Subscription-Key", "api_key_v2"):
        assert key_headers("sk-12345678", name) == {name: "sk-12345678"}
    with pytest.raises(ReachError, match="--key-header api-key wants the key in the environment, as TARGET_"):
        key_headers("", "api-key")


def test_what_a_request_says_twice_is_refused() -> None:
    key = {"TARGET_API_KEY": "k"}
    assert request_headers(["X-Team = a"], key, "x-api-key") == {"x-api-key": "k", "X-Team": "a"}
    for given, key_header in (("X-API-KEY=s3cret", "x-api-key"), ("authorization=Basic s3cret", "")):
        with pytest.raises(ReachError, match="and TARGET_API_KEY both say that header") as caught:
            request_headers([given], key, key_header)
        assert "s3cret" not in str(caught.value)
    assert request_headers(["Authorization=Basic eA=="], {}) == {"Authorization": "Basic eA=="}


def test_headers_of_the_environment_are_a_line_each() -> None:
    lines = " Helicone-Auth = Bearer s3cret-12345 \n\r\nX-Custom=01ARZ3NDEKTSV4RRFFQ69G5FAV=\nX-Env=prod"
    environment = {"TARGET_API_KEY": "k", "TARGET_HEADERS": lines}
    own = {
        "Helicone-Auth": "Bearer s3cret-12345",
        "X-Custom": "01ARZ3NDEKTSV4RRFFQ69G5FAV=",
        "X-Env": "prod",
    }
    assert request_headers(["X-Team=a"], environment) == {"X-Team": "a", "Authorization": "Bearer k", **own}
    assert secrets_of(environment) == ["k", "01ARZ3NDEKTSV4RRFFQ69G5FAV=", "s3cret-12345"]
    assert (request_headers([], {"TARGET_HEADERS": "\n"}), secrets_of({})) == ({}, [])


def test_what_stands_first_in_a_header_of_the_environment_is_no_less_secret() -> None:
    """Only what everybody knows for a scheme is none."""
    environment = {"TARGET_HEADERS": "X-Sig=opaquewordqz vone\nX-Auth=Hmac opaque-second\nHost=h.example:80"}
    assert secrets_of(environment) == ["opaque-second", "opaquewordqz", "opaquewordqz vone"]


@pytest.mark.parametrize(("lines", "said"), [
    ("dGhpc2lzYXNlY3JldDEyMzQ==", "TARGET_HEADERS wants a line NAME=VALUE for each header, not a key alone"),
    ("s3cret", "TARGET_HEADERS wants a line NAME=VALUE for each header, not a value without ="),
    ("X-A=a\ns3cret", r"not a value without = \(number 2\)$"),
    ("=s3cret", "TARGET_HEADERS wants a line NAME=VALUE for each header, not ''|not that"),
    ("Authorization: Bearer s3cret=", "TARGET_HEADERS wants NAME=VALUE; that is not a header's name"),
    ("Content-Length=s3cret", "TARGET_HEADERS Content-Length: that header is the client's own"),
    ("X-A=s3cr\u00e9t", "the value of header X-A holds characters"),
    ("authorization=s3cret", "authorization: TARGET_API_KEY and TARGET_HEADERS both say that header; leave"),
    ("x-team=s3cret", "x-team: --header and TARGET_HEADERS both say that header; leave one of them out"),
])  # fmt: skip
def test_a_header_of_the_environment_that_cannot_be_sent_is_refused(lines: str, said: str) -> None:
    with pytest.raises(ReachError, match=said) as caught:
        request_headers(["X-Team=a"], {"TARGET_API_KEY": "k", "TARGET_HEADERS": lines})
    assert "s3cr" not in str(caught.value)


def test_the_key_is_taken_from_the_environment_without_blanks_around_it() -> None:
    assert (key_of({"TARGET_API_KEY": " k "}), key_of({})) == ("k", "")
    for key in ("secret\n", "secr\u00e9t", "secret\udcff"):
        with pytest.raises(ReachError, match="TARGET_API_KEY holds characters") as caught:
            key_of({"TARGET_API_KEY": key})
        assert "secr" not in str(caught.value)


def test_an_option_that_nobody_knows_is_not_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "OPTIONS", (*options.OPTIONS, options.Option(flag="--new", text="x")))
    given = {option.name: "" for option in options.OPTIONS} | {"new": True}
    with pytest.raises(TypeError, match="new"):
        options.reach_of(SimpleNamespace(**given), {})


@pytest.mark.parametrize("name", [
    *(".", "..", ".foo", "a..b", "a" * 300, "\u200b", "a b", "a:b", "http://a", "a/b", "a.b:443"),
    *("*", "[::1]", "a\0b", "a,b", "::1::", "a@b", "-", "a.-b"),
])  # fmt: skip
def test_a_server_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ReachError, match="--server-name"):
        Tls(server_name=name).check()
