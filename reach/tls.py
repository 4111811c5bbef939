"""What TLS was asked for, and the one context of a process that all its connections share."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, TypeVar

from reach.failure import ReachError
from records.base_url import is_host_name

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Tls:
    """Files by their paths, and a name; empty where nothing was said."""

    ca: str = ""
    """PEM: who is trusted, in place of those whom the system trusts."""
    insecure: bool = False
    """Nothing is verified: whoever answers is taken for the service."""
    cert: str = ""
    cert_key: str = ""
    """Of ``cert``; empty: it is in the same file."""
    server_name: str = ""
    """Sent (SNI) and verified in place of the base URL's host."""

    def to_json(self) -> dict[str, Any]:
        return {name: value or None for name, value in asdict(self).items()} | {"insecure": self.insecure}

    def check(self) -> None:
        """Read the files before anything starts. Raises ReachError."""
        if self.cert_key and not self.cert:
            raise ReachError("--cert-key wants the --cert FILE that it belongs to")
        name = self.server_name
        if name and not (is_host_name(name) and re.fullmatch(r"[!-~]+", name)):
            raise ReachError("--server-name wants the name of a host, such as api.example.com")
        if self.ca or self.cert:
            context(self)


@cache  # the system's own certificates take 66 ms of CPU and 1 MB: never in mid-load, and never twice
def context(tls: Tls) -> ssl.SSLContext:
    """The context of this process. Raises ReachError for a file that cannot be used."""
    made = _reading("--ca", tls.ca, lambda: ssl.create_default_context(cafile=tls.ca or None))
    # Whoever is in --ca is trusted, also one that was itself issued by somebody: a certificate to pin.
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    made.set_alpn_protocols(["http/1.1"])
    if tls.insecure:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if tls.cert:
        _readable("--cert", tls.cert)
        if tls.cert_key:
            _readable("--cert-key", tls.cert_key)
        _reading("--cert", tls.cert, lambda: _show(made, tls))
    return made


def _show(made: ssl.SSLContext, tls: Tls) -> None:
    def no_passphrase() -> str:  # OpenSSL would ask the terminal
        raise ReachError(f"--cert-key {tls.cert_key or tls.cert} is encrypted; give one without a passphrase")

    made.load_cert_chain(tls.cert, tls.cert_key or None, no_passphrase)


def _readable(option: str, path: str) -> None:
    _reading(option, path, lambda: open(path, "rb").close())  # OpenSSL names neither file


def _reading(option: str, path: str, read: Callable[[], _T]) -> _T:
    try:
        return read()
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ReachError(f"{option} {path}: the key is not that of the certificate") from error
        what = "certificate" if option == "--ca" else "certificate with its key"
        raise ReachError(f"{option} {path} holds no {what} in PEM") from error
    except OSError as error:
        raise ReachError(f"{option} {path}: {error.strerror or error}") from error
