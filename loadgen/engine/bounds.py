"""What a number, or one of several words, may be as an option of a load."""

from __future__ import annotations

from collections.abc import Callable

from records.errors import UsageError
from records.options.numbers import finite, whole

MOST_SECONDS = 1e9
"""30 years; sockets and timers take no more than some hundred."""
MOST_COUNT = 1e15
"""What is counted fits in a record, and in a float."""
MOST_AT_ONCE = 1e6

Bounds = tuple[type[int] | type[float], float, float]
"""Kind, least and most."""


def number(
    name: str, kind: type[int] | type[float], least: float, most: float = MOST_SECONDS
) -> Callable[[str], float]:
    """Of a text; it raises UsageError for what is none, or out of bounds."""

    def parse(text: str) -> float:
        try:
            value = whole(text.strip()) if kind is int else finite(text.strip())
        except ValueError:
            value = kind(least - 1)  # out of bounds
        check_number(name, value, (kind, least, most), text=text)
        return value

    return parse


def check_number(name: str, value: float, bounds: Bounds, *, text: str | None = None) -> None:
    """``text``: the value as it was written. Raises UsageError for one out of bounds, or not a number."""
    kind, least, most = bounds
    if least <= value <= most:
        return
    bound = f"most {most:g}" if value > most else f"least {least:g}"
    what = "a whole number" if kind is int else "a number"
    raise UsageError(f"{name} wants {what} of at {bound}, not {str(value) if text is None else text!r}")


def choice(name: str, choices: tuple[str, ...]) -> Callable[[str], str]:
    """One of these; it raises UsageError for another."""

    def parse(text: str) -> str:
        if text not in choices:
            raise UsageError(f"{name} is one of {', '.join(choices)}, not {text!r}")
        return text

    return parse
