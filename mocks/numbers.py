"""Numbers as options of the mocks, in digits 0 to 9. This room imports none of ours, so these are its own."""

from __future__ import annotations

import math
from typing import Any

import click


class Whole(click.IntRange):
    """A whole number within bounds."""

    name = "whole number"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        _check_digits(self, value, param, ctx)
        return super().convert(value, param, ctx)


class Number(click.FloatRange):
    """A number within bounds: never nan; infinite where ``endless``."""

    name = "number"

    def __init__(self, least: float, most: float | None = None, *, endless: bool = False) -> None:
        super().__init__(least, most)
        self.endless = endless

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        _check_digits(self, value, param, ctx)
        number = super().convert(value, param, ctx)
        if math.isnan(number) or (math.isinf(number) and not self.endless):
            self.fail(f"{value!r} is no finite number", param, ctx)
        return number


def _check_digits(
    kind: click.ParamType[Any], value: Any, param: click.Parameter | None, ctx: click.Context | None
) -> None:
    """Python takes digits of any script, and underscores between them."""
    if isinstance(value, str) and (not value.isascii() or "_" in value):
        kind.fail(f"{value!r} is no number", param, ctx)
