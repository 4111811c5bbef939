"""The secrets that a sweep has from its environment: who gets them, and that they are shown nowhere."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from reach.key import KEY_VARIABLE
from records.given import of_secrets
from records.given import redaction as redaction_of
from records.redaction import PIECE, Redaction
from sweep.running.errors import UsageError

_KEYS = (KEY_VARIABLE, "OPENAI_API_KEY")


def without_key(environment: Mapping[str, str]) -> dict[str, str]:
    """For the target and whatever else is started: the key is for who asks the target."""
    return {name: value for name, value in environment.items() if name != KEY_VARIABLE}


@cache
def _made_of(keys: tuple[str, ...], environment: tuple[tuple[str, str], ...]) -> Redaction:
    return redaction_of({}, dict(environment), keys=keys)


def redaction() -> Redaction:
    """Of all that the environment holds: what is started may write it into its log."""
    keys = tuple(os.environ.get(name, "") for name in _KEYS)
    return _made_of(keys, tuple(of_secrets(os.environ).items()))


def blank(log: bytes) -> bytes:
    """What a process wrote, without secrets; line by line, and bytes that are no text stay as they are."""
    redact = redaction().without_secrets
    lines = log.decode("utf-8", "surrogateescape").splitlines(keepends=True)
    return "".join(map(redact, lines)).encode("utf-8", "surrogateescape")


def blank_file(path: Path) -> None:
    """Once nobody writes into it any more."""
    log = path.read_bytes()
    if (blanked := blank(log)) != log:
        path.write_bytes(blanked)


def check_not_kept(texts: Iterable[str]) -> None:
    """See that no key is written where it would be kept. Raises UsageError, which does not show it."""
    keys = [one for name in _KEYS if len(one := os.environ.get(name, "").strip()) >= PIECE]
    if any(one in text for one in keys for text in texts):
        raise UsageError(
            "a key that the environment has stands on the command line, which is kept; leave it out"
        )
