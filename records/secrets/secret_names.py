"""What may be kept, or shown: no secret, and no bytes that are not text."""

from __future__ import annotations

import contextlib
import re
from typing import Any
from urllib.parse import parse_qsl

import orjson

NO_FRAGMENT = "--path has no #: what stands behind it is never sent (write it as %23)"
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_SECRETS = {
    *("auth", "authorization", "secret", "password", "passwd", "passphrase", "pass", "pwd", "pw"),
    *(
        "credential",
        "credentials",
        "creds",
        "pgpass",
        "salt",
        "cookie",
        "bearer",
        "jwt",
        "signature",
        "apikey",
        "secretkey",
    ),
}
_URL = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://(?P<user>[^/?#]*@)?")
_KEY = re.compile(
    r"(?<![\w-])(?:sk-(?=[\w-]*\d)[\w-]{12,}|(?:bearer|basic)\s+(?=\S*\d)[\w.~+/-]{8,}=*"
    r"|eyJ[\w-]{8,}\.[\w-]{8,}|gh[pousr]_[a-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}"
    r"|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|AIza[\w-]{30,}|(?:hf|gsk)_[a-z0-9]{30,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY)",
    re.IGNORECASE,
)
"""What keys that everybody knows look like."""
_ENDINGS = (
    "token",
    "password",
    "passwd",
    "passphrase",
    "apikey",
    "secret",
    "secretkey",
    "privatekey",
    "accesskey",
)
"""Of a word that runs several together (MYTOKEN, PGPASSWORD)."""
DATE = re.compile(
    r"(?<![A-Za-z0-9])\d{4}-?\d\d-?\d\d(?:T\d\d:?\d\d(?::?\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?(?![A-Za-z0-9])"
)
"""As versions have it, ``2024-10-01-preview``, and ISO 8601 a moment."""
UUID = re.compile(
    r"(?<![A-Za-z0-9])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![A-Za-z0-9])", re.IGNORECASE
)
_LONG, _MIXED = 16, 2
"""A word of so many characters, with so many numbers in it, is no name."""
_IDS = {"id", "ids", "uuid", "guid"}
_THINGS = {
    *("account", "app", "client", "correlation", "customer", "device", "org", "organization"),
    *("project", "request", "span", "team", "tenant", "trace", "transaction", "user", "workspace"),
}
"""What has an id that is no secret."""
_OPENING = {"session", "login", "access", "invite", "invitation", "reset", "sid"}
"""What lets in whoever knows its id."""
_OF_SECRETS = {"key", "token"}
"""Only as the last word (token_type_ids is none), and not after one of a limit or a vocabulary."""
_HARMLESS = {
    *("cache", "eos", "bos", "pad", "unk", "sep", "cls", "mask", "max", "min", "new", "per"),
    *("stop", "start", "end", "first", "last"),
}


def is_secret(name: str) -> bool:
    """Does the name of a header, field or query parameter look like a secret's?"""
    words = [word.lower() for word in _WORD.findall(name)]
    if not words:
        return False
    if not _SECRETS.isdisjoint(words):
        return True
    if not re.fullmatch(r"[\w.-]+", name):  # no name: perhaps a secret was written where one belongs
        return not _OF_SECRETS.isdisjoint(words)
    if words[-1] in _OF_SECRETS:
        return len(words) == 1 or words[-2] not in _HARMLESS
    return any(
        words[-1].endswith(ending) and words[-1].removesuffix(ending) not in _HARMLESS for ending in _ENDINGS
    )


def secret_within(name: str, value: object) -> str | None:
    """The name that looks like a secret's: ``name`` itself, a key anywhere in its JSON ``value``, or a
    parameter of a URL in it; of a URL with a user or a password, or of a value that looks like a key
    itself, the name that it has."""
    waiting: list[tuple[str, object]] = [(name, value)]
    while waiting:  # no recursion: JSON may be nested deeper than Python calls
        name, value = waiting.pop()
        if is_secret(name):
            return name
        if isinstance(value, dict):
            waiting += value.items()
        elif isinstance(value, list):
            waiting += [(name, one) for one in value]
        elif isinstance(value, str):
            url = _URL.match(value)
            if _KEY.search(value) or (url and url["user"]):
                return name
            waiting += _parameters(value) if url else []
    return None


def field_value(text: str) -> Any:
    """What a field is given as: JSON where it is that, else the text itself."""
    with contextlib.suppress(orjson.JSONDecodeError):
        return orjson.loads(text)
    return text


def secret_in_field(text: str) -> str | None:
    """The first name in ``NAME=VALUE`` that looks like a secret's, those inside a JSON value too."""
    name, _, value = text.partition("=")
    return secret_within(name.strip(), field_value(value.strip()))


def like_a_key(text: str) -> bool:
    """Was a key written there, by the look of it: one of a well-known form, or a long word of letters and
    digits in which they alternate?"""
    return bool(_KEY.search(text)) or (len(text) >= _LONG and len(re.findall(r"[0-9]+", text)) >= _MIXED)


def holds_known_key(text: str) -> bool:
    """Is a key of a well-known form in it?"""
    return bool(_KEY.search(text))


def is_identifier(name: str) -> bool:
    """Does the name say, by its last word, that its value names something, as ``X-Tenant-Id`` does? The id of
    a session is no such: who has it is in."""
    words = [word.lower() for word in _WORD.findall(name)]
    if is_secret(name) or not words or not _OPENING.isdisjoint(words):
        return False
    last = words[-1]
    return last in _IDS or last in _THINGS or (last.endswith("id") and last.removesuffix("id") in _THINGS)


def shown(name: str) -> str:
    """The name, for a message; not what may be a value that was written where a name belongs."""
    return repr(name) if re.fullmatch(r"[\w.-]{1,80}", name) else "that"


def harmless(text: str) -> str:
    """``text`` without what would act on a terminal, or break a line: such characters as their escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def secret_in_query(path: str) -> str | None:
    """The first name in the path's query, or behind its ``#``, that looks like a secret's; ``path`` where
    something in it looks like a key itself."""
    if _KEY.search(path):
        return "path"
    return next(filter(None, (secret_within(name, value) for name, value in _parameters(path))), None)


def path_trouble(option: str, path: str) -> str | None:
    """Why a path that was given, and is kept, cannot be asked as it is; None where it can."""
    if not re.fullmatch(r"/[!-~]*", path):
        return f"{option} wants a path of ASCII without blanks that begins with a slash"
    if "#" in path:
        return NO_FRAGMENT.replace("--path", option)
    if secret := secret_in_query(path):
        return f"{option}: {shown(secret)} looks like a secret, and the path is kept"
    return None


def _parameters(url: str) -> list[tuple[str, str]]:
    """Those of its query and of its fragment, in which a login's answer has a token."""
    before, _, fragment = url.partition("#")
    return parse_qsl(before.partition("?")[2], keep_blank_values=True) + parse_qsl(fragment)


def is_utf8(text: str) -> bool:
    """Bytes of the command line that are no UTF-8 come to us as lone surrogates; no record can hold them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
