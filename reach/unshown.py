"""What must not be kept of an environment, and of the headers that are sent: keys above all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from reach.key import secrets_of
from records.secrets.given import of_secrets
from records.secrets.given import redaction as redaction_of
from records.secrets.redaction import PIECE, Redaction


def redaction(environment: Mapping[str, str], headers: Mapping[str, str]) -> Redaction:
    """Of all that the environment holds, for who is given it may say it, and of what is sent."""
    keys = tuple(_keys(environment))
    return _made_of(keys, tuple(of_secrets(environment).items()), tuple(headers.items()))


@cache
def _made_of(
    keys: tuple[str, ...], environment: tuple[tuple[str, str], ...], headers: tuple[tuple[str, str], ...]
) -> Redaction:
    return redaction_of(dict(headers), dict(environment), keys=keys)


def has_key(texts: Iterable[str], environment: Mapping[str, str]) -> bool:
    """Is a key of the environment written in one of them?"""
    keys = [one for one in _keys(environment) if len(one) >= PIECE]
    return any(one in text for one in keys for text in texts)


def _keys(environment: Mapping[str, str]) -> list[str]:
    return [*secrets_of(environment), environment.get("OPENAI_API_KEY", "").strip()]
