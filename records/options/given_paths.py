"""Paths as options of our commands: an empty one, as of a variable that is not set, is refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click


class GivenPath(click.Path):
    """A path that says something: Python takes an empty one for the folder that it is in."""

    def __init__(self, **kind: Any) -> None:
        super().__init__(**({"path_type": Path} | kind))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not os.fspath(value):
            self.fail("this is empty, and has to be a path", param, ctx)
        return super().convert(value, param, ctx)
