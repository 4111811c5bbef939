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
    r"|xox[abprs]-[\w-]{10,}|(?-i:A[KS]IA[0-9A-Z]{16})|AIza[\w-]{30,}|(?:hf|gsk)_[a-z0-9]{30,}"
    r"|sk_[0-9a-z]{32,}|[rs]k_(?:live|test)_\w{10,}|(?:glsa|jina|lsv2_pt|lsv2_sk|npm|pcsk|r8|whsec)_\w{20,}"
    r"|(?:csk|nvapi|pplx|tvly|xai|xapp)-(?=[\w-]*\d)[\w-]{20,}|ya29\.[\w-]{10,}|hvs\.[\w-]{20,}"
    r"|dapi[0-9a-f]{32}|-----BEGIN [A-Z ]*PRIVATE KEY)",
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
_LONGEST_KEY = 512
"""Characters; what is longer is data."""
_IDS = {"id", "ids", "uuid", "guid", "identifier"}
_NAMING = {*_IDS, "checksum", "commit", "digest", "etag", "fingerprint", "hash", "revision", "sha"}
"""Whose value is long, and lets nobody in."""
_OWNERS = {
    *("account", "deployment", "org", "organisation", "organization"),
    *("project", "subscription", "team", "tenant", "workspace"),
}
"""For whom, or by what, something is asked: in headers they are said by their ids."""
_THINGS = _OWNERS | {
    *("app", "client", "correlation", "customer", "device"),
    *("request", "span", "trace", "transaction", "user"),
}
"""What has an id that is no secret."""
_OPENING = {"session", "login", "access", "invite", "invitation", "reset", "sid", "token"}
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


def secret_within(name: str, value: object, *, by_look: bool = False) -> str | None:
    """The name that looks like a secret's: ``name`` itself, a key anywhere in its JSON ``value``, or a
    parameter of a URL in it; of a URL with a user or a password, or of a value that looks like a key
    itself, the name that it has. ``by_look``: a value is taken for a key as that of a URL's parameter is, not
    only where it has a well-known form."""
    return _first_secret([(name, value, by_look)])


def _first_secret(waiting: list[tuple[str, object, bool]]) -> str | None:
    """Of names with their values, and whether these are judged by their look."""
    while waiting:  # no recursion: JSON, and URLs, may be nested deeper than Python calls
        name, value, by_look = waiting.pop()
        if is_secret(name):
            return name
        if isinstance(value, dict):
            waiting += [(inner, one, by_look) for inner, one in value.items()]
        elif isinstance(value, list):
            waiting += [(name, one, by_look) for one in value]
        elif isinstance(value, str):
            url = _URL.match(value)
            if _KEY.search(value) or (url and url["user"]):
                return name
            if url:
                parameters = _parameters(value)
                if secret := _secret_of_azure(parameters):
                    return secret
                waiting += [(inner, one, True) for inner, one in parameters]
            elif by_look and _is_key_by_look(name, value):
                return name
    return None


def _secret_parameter(url: str) -> str | None:
    """Of its query and its fragment."""
    parameters = _parameters(url)
    return _secret_of_azure(parameters) or _first_secret([(name, one, True) for name, one in parameters])


def _secret_of_azure(parameters: list[tuple[str, str]]) -> str | None:
    """The ``sig`` of a storage, the ``code`` of a function: who has it is let in. Elsewhere a ``code`` is a
    language's, and a short word."""
    for name, value in parameters:
        small = name.lower()
        if (small == "sig" and value) or (small == "code" and re.fullmatch(r"(?=.*[0-9])\S{8,}", value)):
            return name
    return None


def _is_key_by_look(name: str, value: str) -> bool:
    """Is there a word in it, without any blank, in which letters and numbers alternate as in no name of a
    model or a file? Not a date, a UUID, data, nor what the name says to be an id or a digest."""
    words = {word.lower() for word in _WORD.findall(name)}
    named = not words.isdisjoint(_NAMING) and words.isdisjoint(_OPENING)
    if named or len(value) > _LONGEST_KEY or re.search(r"\s", value) or value.startswith("data:"):
        return False
    return any(map(_alternates, re.findall(r"[A-Za-z0-9]+", UUID.sub(" ", DATE.sub(" ", value)))))


def _alternates(word: str) -> bool:
    """A name has few digits (``phi3mini4kinstruct``); a key many, or some among capital and small letters."""
    if not like_a_key(word) or word.isdigit():
        return False
    mixed = word != word.lower() and word != word.upper()
    groups, digits = len(re.findall(r"[0-9]+", word)), len(re.findall(r"[0-9]", word))
    return digits * 4 >= len(word) or (mixed and groups > _MIXED)


def field_value(text: str) -> Any:
    """What a field is given as: JSON where it is that, else the text itself."""
    with contextlib.suppress(orjson.JSONDecodeError):
        return orjson.loads(text)
    return text


def secret_in_field(text: str) -> str | None:
    """The first name in ``NAME=VALUE`` that looks like a secret's, those inside a JSON value too."""
    name, _, value = text.partition("=")
    return secret_within(name.strip(), field_value(value.strip()), by_look=True)


def secret_in_header(text: str) -> str | None:
    """As `secret_in_field`, but for the look of a value that is no URL's parameter; a ``Referer`` may be a
    path alone."""
    name, _, value = (part.strip() for part in text.partition("="))
    found = secret_within(name, field_value(value))
    return found or (_secret_parameter(value) if name.lower() == "referer" else None)


def like_a_key(text: str) -> bool:
    """Was a key written there, by the look of it: one of a well-known form, or a long word of letters and
    digits in which they alternate?"""
    return bool(_KEY.search(text)) or (len(text) >= _LONG and len(re.findall(r"[0-9]+", text)) >= _MIXED)


def holds_known_key(text: str) -> bool:
    """Is a key of a well-known form in it?"""
    return bool(_KEY.search(text))


def is_identifier(name: str) -> bool:
    """Does the name say, by its last word, that its value names something, as ``X-User`` does?"""
    words = [word.lower() for word in _WORD.findall(name)]
    return bool(words) and (is_id(name) or (_opens_nothing(words) and words[-1] in _THINGS))


def is_id(name: str) -> bool:
    """Does the name say, by its last word, that its value is an id, which may be any: ``X-Tenant-Id``,
    ``OpenAI-Project``? The id of a session is none: who has it is in."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or is_secret(name):
        return False
    last, of = words[-1], words[-2] if len(words) > 1 else ""
    if last not in _IDS and last.endswith("id") and last.removesuffix("id") in _THINGS:
        last, of = "id", last.removesuffix("id")
    if last in _IDS:
        return of in _THINGS or _opens_nothing(words)  # CF-Access-Client-Id is a client's
    return last in _OWNERS and _opens_nothing(words)


def _opens_nothing(words: list[str]) -> bool:
    return _OPENING.isdisjoint(words)


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
    return _secret_parameter(path)


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
