"""What in the things a user gives is secret: headers, a key, URLs, a command line."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import unquote, urlsplit

from records.secrets.header_rules import SCHEMES
from records.secrets.redaction import LEAST, PIECE, Redaction
from records.secrets.secret_names import is_secret
from records.secrets.urls import BLANK, blank_urls

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
"""Variables whose URLs may hold a user and a password; some know them in small letters only."""
_NO_SECRETS = {"PWD", "OLDPWD"}
"""Variables that only sound like one's."""
_SWITCHES = {
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "none",
    "null",
    "basic",
    "bearer",
    "disabled",
    "enabled",
}
"""Values of variables that say whether there is a secret (``AUTH=yes``)."""
PUBLIC = {"accept", "accept-charset", "accept-language", "cache-control", "content-type", "host", "pragma"}
"""Headers that say what is asked for and of whom: their values are no secrets, and errors need them."""
_HEADER_SCHEMES = {
    *SCHEMES,
    "digest",
    "dpop",
    "gnap",
    "hawk",
    "hmac",
    "key",
    "mutual",
    "negotiate",
    "sharedkey",
}
"""A word that may stand before a secret in a header, and is none; of any other one nobody knows."""
_SCHEME = re.compile(rf"\b({'|'.join(SCHEMES)})[ \t]+[^\s'\"]+", re.IGNORECASE)
_NAMED = re.compile(
    r"(?P<name>(?P<dash>-)?[\w.-]+)(?:\s*[=:]\s*|(?(dash)\s+|(?!)))(?P<value>'[^']*'|\"[^\"]*\"|[^\s'\"]+)"
)


def redaction(
    headers: Mapping[str, str],
    environment: Mapping[str, str],
    *,
    keys: Iterable[str] = (),
    also: Callable[[str], str] = str,
) -> Redaction:
    """What blanks all that a load or a sweep sends.

    Args:
        headers: those that the user gave.
        environment: of which the proxies' users and passwords are secret, too, those in other URLs, and what
            has a secret's name: an app that is given it may say it.
        keys: however they are sent.
        also: how else a service's text is kept; a secret is known in that form, too.
    """
    secrets = {key.strip() for key in keys if key}
    values = {f"Bearer {key}" for key in secrets}
    for variable in PROXIES:
        for name in (variable, variable.lower()):
            secrets |= _of_url(environment.get(name, ""))
    for name, value in environment.items():
        if "://" in value and "@" in value:
            secrets |= _of_url(value)
        if is_secret(name) and name not in _NO_SECRETS and _may_be_secret(value.strip()):
            (values if _known_whole(value.strip()) else secrets).add(value)
    for name, value in headers.items():
        if name.lower() not in PUBLIC:
            values.add(value)
            secrets |= _of_header(name, value.strip())
    return Redaction(secrets, values, also=also)


def blank_command(text: str) -> str:
    """A command line without the secrets written in it: ``KEY=***``, ``--api-key ***``, ``Bearer ***``."""
    text = blank_urls(_SCHEME.sub(rf"\1 {BLANK}", text))
    at = 0
    while match := _NAMED.search(text, at):
        at = match.start("value")  # what is the value of one may be the name of the next: --header KEY=***
        if is_secret(match["name"].lstrip("-")) and match["value"].lower() not in SCHEMES:
            text = f"{text[:at]}{BLANK}{text[match.end() :]}"
            at += len(BLANK)
    return text


def of_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Those variables by which `redaction` knows a secret."""
    proxies = {*PROXIES, *map(str.lower, PROXIES)}
    return {n: v for n, v in environment.items() if n in proxies or is_secret(n) or ("://" in v and "@" in v)}


def _may_be_secret(value: str) -> bool:
    """Not a switch, nor a small number."""
    return (
        len(value) >= LEAST - 1 and value.lower() not in _SWITCHES and not re.fullmatch(r"[0-9]{,3}", value)
    )


def _known_whole(value: str) -> bool:
    """A piece of a path, of a file of keys, is a piece of other paths; a short one is within other words."""
    return value.startswith(("/", "~")) or LEAST <= len(value) < PIECE


def _of_header(name: str, value: str) -> set[str]:
    """What in a header's value is secret."""
    if not is_secret(name):
        return {value} if _like_a_key(value) else set()
    return parts_of(value)


def parts_of(value: str) -> set[str]:
    """What may be secret in the value of a header that is."""
    scheme, _, rest = value.partition(" ")
    found = {value, *_parameters(value), *(word for word in value.split() if len(word) >= PIECE)}
    if (rest := rest.strip()) and re.fullmatch(r"[A-Za-z-]{1,20}", scheme):  # Bearer, Basic, Digest
        of_scheme = {rest, *_parameters(rest), *(_of_basic(rest) if scheme.lower() == "basic" else ())}
        return of_scheme if scheme.lower() in _HEADER_SCHEMES else of_scheme | found
    return found


def _parameters(text: str) -> set[str]:
    """The values in ``a=b; c="d"``, as cookies and signatures have them."""
    return {one for one in re.findall(r'=\s*"?([^",;=\s]+)', text) if len(one) >= LEAST}


def _of_basic(text: str) -> set[str]:
    """What its base64 holds."""
    try:
        user, _, password = base64.b64decode(text.rstrip("=") + "==").decode().partition(":")
    except (binascii.Error, ValueError):
        return set()
    return {text.rstrip("="), f"{user}:{password}", password or user}


def _of_url(url: str) -> set[str]:
    """User and password, as they are written and as they are meant, and as they are sent."""
    try:
        url = url.encode("utf-8", "replace").decode()  # the environment may hold what is no UTF-8
        parts = urlsplit(url if "//" in url else f"//{url}")
        user, password = parts.username or "", parts.password or ""
    except ValueError:
        return set()
    if not user and not password:
        return set()
    told = {password or user, f"{user}:{password}"}
    sent = base64.b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
    return {*told, *map(unquote, told), sent, sent.rstrip("=")}


def _like_a_key(value: str) -> bool:
    """Long, in one word, of letters and digits."""
    return len(value) >= PIECE and bool(re.fullmatch(r"(?=.*[0-9])(?=.*[A-Za-z])\S+", value))
