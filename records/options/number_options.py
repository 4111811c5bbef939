"""Numbers as options of our commands: the bounds of click's, written as `numbers` beside it takes them."""

from __future__ import annotations

from typing import Any

import click

from records.options.numbers import finite, whole


class Whole(click.IntRange):
    """A whole number in digits 0 to 9, within bounds."""

    name = "whole number"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str):
            try:
                value = whole(value.strip())
            except ValueError as error:
                self.fail(str(error), param, ctx)
        return super().convert(value, param, ctx)


class Number(click.FloatRange):
    """A finite number within bounds."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str):
            try:
                value = finite(value.strip())
            except ValueError as error:
                self.fail(str(error), param, ctx)
        return super().convert(value, param, ctx)
