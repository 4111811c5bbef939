"""A user's mistakes, each told in one line."""

from __future__ import annotations

from records.errors import UsageError as UsageError
from records.options.base_url import split_base_url


class OutOfMemory(UsageError):
    """What was started was killed at its memory limit: nothing else is the worse for it."""


class NotUp(UsageError):
    """What was started, and ended, is not there again in time: nothing else is the worse for it."""


class OutOfTime(UsageError):
    """The sweep's budget ended while a target got ready: what was measured until then is none the worse."""


def check_base_url(what: str, url: str, *, key: str) -> None:
    """See that ``url`` can be asked, before anything starts. ``key`` is where its secret belongs.

    Raises:
        UsageError: it can't, or it holds what may be a secret; such a one is not shown.
    """
    try:
        split_base_url(url, key=key)
    except ValueError as error:
        raise UsageError(f"{what}: {error}") from None
