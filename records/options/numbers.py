"""What a user may write where a number belongs: digits 0 to 9, and no infinite one. Python's own int() and
float() take digits of any script, underscores, nan and inf, and no bound holds against nan."""

from __future__ import annotations

import math
import re

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_ENDLESS = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)


def whole(text: str) -> int:
    """Raises ValueError for what is no whole number."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


def finite(text: str) -> float:
    """Raises ValueError for what is no number, or no finite one."""
    if not _NUMBER.fullmatch(text) and not _ENDLESS.fullmatch(text):
        raise ValueError(f"{text!r} is no number")
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text!r} is no finite number")
    return number


def meant_as_number(text: str) -> bool:
    """Is it one, finite or not?"""
    return bool(_NUMBER.fullmatch(text) or _ENDLESS.fullmatch(text))
