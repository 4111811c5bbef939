"""The files and the key that TLS and a service want: usable, or refused in one line."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from reach.address import Address
from reach.failure import ReachError
from reach.key import key_headers
from reach.options import Reach
from reach.tls import Tls, context


def test_a_process_has_one_context() -> None:
    assert Address("https://a.test").context is Address("https://b.test:1").context
    assert Address("http://a.test").context is None


def test_files_that_cannot_be_used_are_one_line(certificates: Any, tmp_path: Path) -> None:
    junk, empty = tmp_path / "junk.pem", tmp_path / "empty.pem"
    junk.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    empty.write_text("")
    encrypted = tmp_path / "encrypted.key"
    subprocess.run(
        [
            *("openssl", "ec", "-aes256", "-passout", "pass:x"),
            *("-in", certificates.path("client.key"), "-out", str(encrypted)),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    cert, key = certificates.path("client.pem"), certificates.path("client.key")
    absent = str(tmp_path / "absent.pem")
    wrong = [
        (Tls(ca=absent), "--ca .*absent.pem: No such file"),
        (Tls(ca=str(junk)), "--ca .*junk.pem holds no certificate in PEM"),
        (Tls(ca=str(empty)), "--ca .*empty.pem holds no certificate in PEM"),
        (Tls(ca=str(tmp_path)), "--ca "),
        (Tls(cert=absent, cert_key=key), "--cert .*absent.pem: No such file"),
        (Tls(cert=cert, cert_key=absent), "--cert-key .*absent.pem: No such file"),
        (Tls(cert=cert), "--cert .*client.pem holds no certificate with its key in PEM"),
        (Tls(cert=cert, cert_key=certificates.path("server.key")), "the key is not that of the certificate"),
        (Tls(cert=cert, cert_key=str(encrypted)), "--cert-key .*encrypted.key is encrypted"),
        (Tls(cert_key=key), "--cert-key wants the --cert FILE"),
    ]
    for tls, said in wrong:
        with pytest.raises(ReachError, match=said) as caught:
            tls.check()
        assert "\n" not in str(caught.value)
    Tls(cert=cert, cert_key=key, ca=certificates.ca).check()


def test_http_1_1_is_what_is_spoken_and_what_is_kept_holds_no_key(certificates: Any) -> None:
    tls = Tls(cert=certificates.path("client.pem"), cert_key=certificates.path("client.key"))
    assert context(tls) is context(tls)
    kept = tls.to_json()
    assert kept["cert_key"] == certificates.path("client.key")
    assert (kept["ca"], kept["server_name"], kept["insecure"]) == (None, None, False)


def test_the_key_s_header() -> None:
    assert key_headers("k") == {"Authorization": "Bearer k"}
    assert key_headers("k", "x-api-key") == {"x-api-key": "k"}
    assert key_headers("") == {}
    assert Reach().key_header == ""


@pytest.mark.parametrize("name", ["x api", "x:y", "é", "Host", "content-length", "x\r\ny", "=", "k" * 99])
def test_a_name_that_no_key_s_header_has_is_refused(name: str) -> None:
    with pytest.raises(ReachError, match="--key-header"):
        key_headers("sk-1", name)


def test_a_header_for_a_key_wants_one() -> None:
    with pytest.raises(ReachError, match="--key-header api-key wants the key in the environment, as TARGET_"):
        key_headers("", "api-key")


@pytest.mark.parametrize("name", [".", "..", ".foo", "a..b", "a" * 300, "\u200b", "a b"])
def test_a_server_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ReachError, match="--server-name"):
        Tls(server_name=name).check()
