"""``35ms``, ``10mbit``, ``0.1%``, ``127.0.0.1:8001``, as options."""

from __future__ import annotations

import re
from typing import Any

import click

_NUMBER = r"(\d{1,9}(?:\.\d{1,9})?)"
_TIME = re.compile(rf"{_NUMBER}(ms|s)", re.ASCII)
_RATE = re.compile(rf"{_NUMBER}([kmg])bit", re.ASCII)
_SHARE = re.compile(rf"{_NUMBER}%", re.ASCII)
_PLACE = re.compile(r"(?:(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]]+)):)?(\d{1,5})", re.ASCII)
MOST_SECONDS = 600.0


class Time(click.ParamType[float]):
    """Seconds, from ``35ms`` or ``0.5s``."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = _TIME.fullmatch(str(value))
        seconds = float(found[1]) * {"ms": 1e-3, "s": 1}[found[2]] if found else -1.0
        if not 0 <= seconds <= MOST_SECONDS:
            self.fail(f"{value!r} is no time such as 35ms or 0.5s, up to {MOST_SECONDS:g}s", param, ctx)
        return seconds


class Bandwidth(click.ParamType[float]):
    """Bytes a second, from ``10mbit``."""

    name = "RATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = _RATE.fullmatch(str(value))
        rate = float(found[1]) * {"k": 1e3, "m": 1e6, "g": 1e9}[found[2]] / 8 if found else 0.0
        if rate <= 0:
            self.fail(f"{value!r} is no bandwidth such as 512kbit, 10mbit or 1gbit", param, ctx)
        return rate


class Share(click.ParamType[float]):
    """A share below one, from ``0.1%``."""

    name = "PERCENT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = _SHARE.fullmatch(str(value))
        share = float(found[1]) / 100 if found else 1.0
        if not share < 1:
            self.fail(f"{value!r} is no share such as 0.1%, below 100%", param, ctx)
        return share


class Place(click.ParamType[tuple[str, int]]):
    """Host and port, from ``8101``, ``127.0.0.1:8101`` or ``[::1]:8101``; a port alone is this machine's."""

    name = "[HOST:]PORT"

    def __init__(self, *, least: int = 0) -> None:
        """``least``: 0 where the port may be any that is free, 1 where somebody is to be there."""
        self._least = least

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        found = _PLACE.fullmatch(str(value))
        if not found or not self._least <= int(found[3]) <= 65535:
            self.fail(f"{value!r} is no place such as 8101 or 127.0.0.1:8101", param, ctx)
        return found[1] or found[2] or "127.0.0.1", int(found[3])
