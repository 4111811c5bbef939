"""What must not be kept of an environment, and of the headers that are sent: keys above all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from reach.key import HEADERS_VARIABLE, KEY_VARIABLE, header_secrets, secrets_of
from records.secrets.given import of_secrets
from records.secrets.given import redaction as redaction_of
from records.secrets.redaction import PIECE, Redaction
from records.secrets.secret_names import shown

_OPENAI_KEY = "OPENAI_API_KEY"


def redaction(environment: Mapping[str, str], headers: Mapping[str, str]) -> Redaction:
    """Of all that the environment holds, for who is given it may say it, and of what is sent."""
    keys = tuple(_keys(environment))
    return _made_of(keys, tuple(of_secrets(environment).items()), tuple(headers.items()))


@cache
def _made_of(
    keys: tuple[str, ...], environment: tuple[tuple[str, str], ...], headers: tuple[tuple[str, str], ...]
) -> Redaction:
    return redaction_of(dict(headers), dict(environment), keys=keys)


def key_within(texts: Iterable[str], environment: Mapping[str, str]) -> str:
    """What of the environment is written in one of them, and what to do about it, in words that do not show
    it; empty where nothing is."""
    texts = list(texts)

    def stands(key: str) -> bool:
        return len(key) >= PIECE and any(key in text for text in texts)

    for name in (KEY_VARIABLE, _OPENAI_KEY):
        if stands(environment.get(name, "").strip()):
            return f"the value of {name} stands on the command line, which is kept; leave it out"
    for name, secret in header_secrets(environment):
        if stands(secret):
            return (
                f"the value of header {shown(name)} in {HEADERS_VARIABLE}, which is kept nowhere, stands on "
                "the command line, too, which is kept; leave it out or, where it is no secret, give the "
                "header as --header NAME=VALUE after --"
            )
    return ""


def _keys(environment: Mapping[str, str]) -> list[str]:
    return [*secrets_of(environment), environment.get(_OPENAI_KEY, "").strip()]
