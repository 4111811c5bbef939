"""What TLS was asked for, and the one context of a process that all its connections share."""

from __future__ import annotations

import ipaddress
import re
import ssl
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from reach.failure import ReachError
from records.options.given_files import GivenFileError, read_given
from records.options.hosts import is_host_name

MOST_BYTES = 10_000_000
"""Of a file: all that browsers trust are 250,000."""


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

    def flags(self) -> list[str]:
        """The options that were given."""
        return [f"--{name.replace('_', '-')}" for name, value in asdict(self).items() if value]

    def check(self) -> None:
        """Read the files before anything starts. Raises ReachError."""
        if self.cert_key and not self.cert:
            raise ReachError("--cert-key wants the --cert FILE that it belongs to")
        if self.ca and self.insecure:
            raise ReachError("--insecure verifies nothing, so that --ca says nothing: leave one of them out")
        if self.server_name and not _can_be_sent(self.server_name):
            raise ReachError("--server-name wants the name of a host, such as api.example.com")
        if self.ca or self.cert:
            context(self)


@cache  # the system's own certificates take 66 ms of CPU and 1 MB: never in mid-load, and never twice
def context(tls: Tls) -> ssl.SSLContext:
    """The context of this process. Raises ReachError for a file that cannot be used."""
    if tls.ca:
        _trust(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "--ca", tls.ca)
    made = ssl.create_default_context(cafile=tls.ca or None)
    # Whoever is in --ca is trusted, also one that was itself issued by somebody: a certificate to pin.
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    made.set_alpn_protocols(["http/1.1"])
    if tls.insecure:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if tls.cert:
        _trust(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "--cert", tls.cert)
        if tls.cert_key:
            _read("--cert-key", tls.cert_key, "private key")
        _show(made, tls)
    return made


def _show(made: ssl.SSLContext, tls: Tls) -> None:
    """Load the certificate, known to be one, with its key: what fails is the key's."""
    place = f"--cert-key {tls.cert_key}" if tls.cert_key else f"--cert {tls.cert}"

    def no_passphrase() -> str:  # OpenSSL would ask the terminal
        raise ReachError(f"{place}: the key is encrypted; give one without a passphrase")

    try:
        made.load_cert_chain(tls.cert, tls.cert_key or None, no_passphrase)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            said = f"{place}: the key is not that of the certificate"
            raise ReachError(f"{said} in --cert {tls.cert}" if tls.cert_key else said) from error
        if "TOO_SMALL" in (error.reason or "") or "TOO_WEAK" in (error.reason or ""):
            weak = (error.reason or "").replace("_", " ").lower()
            raise ReachError(f"--cert {tls.cert}: OpenSSL takes none so weak ({weak})") from error
        if tls.cert_key:
            raise ReachError(f"{place} holds no private key in PEM") from error
        raise ReachError(f"{place} holds no private key beside its certificate; give --cert-key") from error


def _trust(made: ssl.SSLContext, option: str, path: str) -> None:
    """See that certificates are in a file: OpenSSL itself names neither the file nor the option."""
    _read(option, path, "certificate")
    try:
        made.load_verify_locations(path)
    except ssl.SSLError as error:
        raise ReachError(f"{option} {path} holds no certificate in PEM") from error


def _read(option: str, path: str, what: str) -> None:
    """Look into a file before OpenSSL does, which would wait for a pipe, and reads without a limit."""
    try:
        raw = read_given(path, MOST_BYTES)
    except GivenFileError as error:
        raise ReachError(f"{option} {path}: {error}") from error
    if f"{what.upper()}-----".encode() not in raw:
        raise ReachError(f"{option} {path} holds no {what} in PEM")


def _can_be_sent(name: str) -> bool:
    """Is it a host's name or number, and one that TLS takes?"""
    if not is_host_name(name) or not re.fullmatch(r"(?!.*(?:^|\.)-)[A-Za-z0-9._:-]+", name):
        return False
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if ":" in name:
            ipaddress.ip_address(name)
        asking.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=name)
    except (ValueError, ssl.SSLError):
        return False
    return True
