"""Why a service was not reached, in words that are the same each time (no addresses, no ports)."""

from __future__ import annotations

import socket
import ssl

_TRUST = "--ca FILE trusts its issuer, --insecure asks without verifying"
_NAME = "--server-name NAME verifies another name, --insecure none"
_ADVICE = {
    # OpenSSL's X509_V_ERR_*
    **dict.fromkeys((2, 18, 19, 20, 21), _TRUST),
    **dict.fromkeys((9, 10), "renew it, or set the clock; --insecure asks without verifying"),
    **dict.fromkeys((62, 64), _NAME),
}
_NO_TLS = {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST"}
"""What OpenSSL says, by version, of an answer that is no TLS."""
PLAIN = "what answers there speaks no TLS: ask it as http://"
NO_HANDSHAKE = "TLS: no handshake in time; a service without TLS is asked as http://"
ENCRYPTED = "what answers there speaks TLS: ask it as https://"


class ReachError(ValueError):
    """What was asked for cannot be used (an option, a file, the environment), in one line."""


class ReachFailure(OSError):
    """Nothing was reached; the text says why in one line. ``final``: neither would anything else be."""

    def __init__(self, text: str, *, final: bool = False) -> None:
        super().__init__(text)
        self.final = final


def why(error: OSError) -> str:
    """An OSError in words."""
    if isinstance(error, ReachFailure):
        return str(error)
    if isinstance(error, ssl.SSLError):
        return _of_tls(error)
    if isinstance(error, socket.gaierror):
        return "host name not known"
    return (error.strerror or type(error).__name__).lower()


def is_final(error: OSError) -> bool:
    """Would anything else that is asked there end in the same way?"""
    if isinstance(error, ReachFailure):
        return error.final
    return isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError)


def no_tls(error: ssl.SSLError) -> bool:
    """Did the other side answer with something else than TLS?"""
    return error.reason in _NO_TLS


def _of_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        said = error.verify_message.rstrip(".")
        advice = _ADVICE.get(error.verify_code)
        return f"TLS: {said}; {advice}" if advice else f"TLS: {said}"
    if no_tls(error):
        return f"TLS: {PLAIN}"
    if isinstance(error, ssl.SSLEOFError):
        return "TLS: the connection was closed in the handshake; a service without TLS is asked as http://"
    said = (error.reason or type(error).__name__).replace("_", " ").lower()
    if "certificate required" in said:
        said += "; --cert FILE shows one"
    return f"TLS: {said}"
