"""Which of several values a message means that may not show it, for it may be a secret."""

from __future__ import annotations

from collections.abc import Sized


def which(number: int, many: Sized) -> str:
    """For the message's end: `` (number 2)``, from 1; empty where there is only one."""
    return f" (number {number})" if len(many) > 1 else ""
