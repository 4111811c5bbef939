"""A command with many options whose ``--help`` has them in groups, those that are wanted first at the top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

OTHERS = "Other options"
Groups = Mapping[str, Sequence[str]]
"""A heading, and the options below it by their flags (``--config``), in order."""


class Grouped(click.Command):
    """``groups`` order the help and nothing else; what is in none of them stands at the end."""

    def __init__(self, *args: Any, groups: Groups, **more: Any) -> None:
        super().__init__(*args, **more)
        self.groups = groups

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        left = {
            flag: record
            for param in self.get_params(ctx)
            if isinstance(param, click.Option) and (record := param.get_help_record(ctx)) is not None
            for flag in param.opts[:1]
        }
        for title, flags in self.groups.items():
            if records := [left.pop(flag) for flag in flags if flag in left]:
                with formatter.section(title):
                    formatter.write_dl(records)
        if left:
            with formatter.section(OTHERS):
                formatter.write_dl(list(left.values()))
