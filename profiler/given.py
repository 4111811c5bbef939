"""What the flags of ``profile`` say, found to be usable."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from profiler.probing import Probed
from reach import unshown
from records.evidence.scrape import Scrape, ScrapeError, scrapes_of
from records.secrets.redaction import Redaction


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is to be profiled, for how long, and where it is written."""

    duration_s: float
    interval_s: float
    command: str | None
    pids: tuple[int, ...]
    pattern: re.Pattern[str] | None
    port: int | None
    scrapes: tuple[Scrape, ...]
    output: Path | None
    """None: a new one of this moment, in the current directory."""
    force: bool
    quiet: bool
    as_json: bool
    redaction: Redaction
    """Of what is kept."""
    inside: bool = False
    """Is it to be looked into what the processes wait for?"""
    probed: Probed | None = None

    @property
    def ends_by_itself(self) -> bool:
        """Else Ctrl-C is the planned end, and no interruption."""
        return self.duration_s > 0 or self.command is not None


def check(command: str | None, match: str | None, *, inside: bool) -> None:
    """Raises UsageError for what says nothing, or not together."""
    if command is not None and not command.strip():
        raise click.UsageError("--command is empty")
    if inside and (command is not None or match is not None):
        raise click.UsageError(
            "--inside is for what runs already: --pid or --port, and neither --command nor --match"
        )


def redaction_of(headers: Sequence[str]) -> Redaction:
    """Of what is kept: without secrets of the environment, and what these headers, NAME=VALUE, carry."""
    pairs = (text.partition("=") for text in headers)
    return unshown.redaction(os.environ, {name.strip(): value.strip() for name, _, value in pairs})


def scrapes(texts: Sequence[str]) -> tuple[Scrape, ...]:
    """Raises UsageError."""
    try:
        return scrapes_of(texts)
    except ScrapeError as error:
        raise click.UsageError(f"--scrape {error}") from None


def pattern(match: str | None) -> re.Pattern[str] | None:
    """Raises UsageError."""
    try:
        return None if match is None else re.compile(match)
    except re.error as error:
        raise click.UsageError(f"--match is not a regular expression: {error}") from None
