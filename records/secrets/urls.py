"""URLs within what a service said: where they lead may be kept, what they carry may not."""

from __future__ import annotations

import re

BLANK = "***"
_RUN = re.compile(r'(?<![^\s"<>`])[^\s"<>`?#@%]*+[?#@%][^\s"<>`]*')
"""What holds no blank and no quotes, past which no URL goes on, but a mark of what is to be blanked."""
_SLASHES = r"(?:\\?/){2}"  # as JSON of some servers has them, too
_USER = re.compile(rf"({_SLASHES})[^/]*@")
_NO_PORT = re.compile(rf"({_SLASHES})[^/?#@]*:(?!\d*(?:[/?#]|$))[^/?#@\]]*[/?#].*@")
"""A password with a slash, ``?`` or ``#`` as it is: what stands there is no port, and an @ is behind it."""
_ENCODED = re.compile(r"(%3A%2F%2F).*?(?:%40|%3F|%23).*", re.IGNORECASE)
_MARK = re.compile("[?#]")
_OF_PARAMETERS = re.compile(r"[\w.~%\[\]-]+=")
_GIVEN = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*:)(?P<slashes>/{1,2})(?P<rest>\S+)"
    r"|(?<![^\s\"'`=])(?!\S*:/)[^\s\"'`:@/]+:[^\s@]+@"
)
"""A URL, also as a path of files has it, with one slash; or a user and a password before a host alone."""
_QUOTED = re.compile(
    r"(?P<quote>['\"`])(?P<before>(?!run:)[\w+.=-]*?(?:[A-Za-z][\w+.-]*:/{1,2})?)"
    r"[^/:]*:.*@(?P<rest>.*?)(?P=quote)"
)
"""One in quotes, in which a password may hold blanks, and other quotes."""


def blank_given(text: str) -> str:
    """A message that may repeat what somebody wrote: the user of each URL in it is blanked, and the query and
    fragment of those with a scheme."""
    return _GIVEN.sub(_given_blanked, _QUOTED.sub(rf"\g<quote>\g<before>{BLANK}@\g<rest>\g<quote>", text))


def _given_blanked(found: re.Match[str]) -> str:
    if found["scheme"] is None:
        return f"{BLANK}@"
    blanked = blank_urls(f"//{found['rest']}")
    return f"{found['scheme']}{found['slashes']}{blanked[2:]}"


def blank_urls(text: str) -> str:
    """``text`` with the user, the query and the fragment of each URL in it blanked, relative ones too:
    ``https://***@host/path?***``."""
    return _RUN.sub(lambda match: _blanked(match[0]), text)


def _blanked(run: str) -> str:
    """``run``: characters without a blank or a quote among them."""
    if "@" in run:
        run = _USER.sub(rf"\1{BLANK}@", _NO_PORT.sub(rf"\1{BLANK}@", run))
    for mark in _MARK.finditer(run):
        before, after = run[: mark.start()], run[mark.end() :]
        if after and (_OF_PARAMETERS.match(after) or _is_address(before, mark[0])):
            run = f"{before}{mark[0]}{BLANK}"
            break
    return _ENCODED.sub(rf"\1{BLANK}", run)


def _is_address(before: str, mark: str) -> bool:
    """Is what stands before the first ``?`` or ``#`` an address, and not a question or a heading?"""
    return "//" in before or before.startswith("/") or (mark == "?" and "/" in before)
