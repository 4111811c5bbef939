"""A scenario: its file, and its options, as its own process says them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter

from records.cells.other_programs import TO_DO
from records.secrets.secret_names import shown
from sweep.running.errors import UsageError
from sweep.running.processes import PROJECT, with_project
from sweep.running.redaction import redaction

FOLDER = PROJECT / "locustfiles"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")
_NAMES_ONE = re.compile(r"^    scenario\b.*=", re.MULTILINE)
"""In a locustfile that is no shape."""
_LIMIT_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Declared:
    """One option of a scenario, of its load, or of locust itself."""

    flags: tuple[str, ...]
    name: str
    """Of its value, as it is parsed."""
    nargs: int | str | None
    many: bool
    metavar: str
    factor: bool
    """Is it the scenario's or its load's, and does it take a value?"""

    @property
    def flag(self) -> str:
        """In full."""
        return max(self.flags, key=len)

    @property
    def is_file(self) -> bool:
        return self.factor and self.metavar == "FILE"

    @property
    def arguments(self) -> dict[str, Any]:
        """Its arguments for argparse."""
        if self.nargs == 0:
            return {"action": "store_true"}
        return {"action": "append" if self.many else "store", "nargs": self.nargs}


def locustfile(scenario: str) -> Path:
    """Raises UsageError where there is no such scenario."""
    path = FOLDER / f"{scenario}.py"
    if not _NAME.fullmatch(scenario) or not path.is_file():
        there = sorted(one.stem for one in FOLDER.glob("[a-z]*.py") if _NAMES_ONE.search(one.read_text()))
        raise UsageError(
            f"--scenario {shown(scenario)}: there is no such scenario; there is {', '.join(there)}"
        )
    return path


@lru_cache
def declared(scenario: str) -> tuple[Declared, ...]:
    """Its options.

    Raises:
        UsageError: it is no scenario, or does not say them; RuntimeError: not in time.
    """
    return asked(scenario, []).options


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a scenario says of itself, and of command lines."""

    options: tuple[Declared, ...]
    warnings: tuple[str, ...]
    """What in the command lines may not be meant."""
    why: str = ""
    """Why it refuses one of them; empty where it takes them all."""


_SAID = TypeAdapter(Said)


def asked(scenario: str, lines: Sequence[Sequence[str]]) -> Said:
    """What the scenario says of these command lines.

    Raises:
        UsageError: it declares none: a shape, or a file that cannot be loaded.
        RuntimeError: it does not say in time what it takes, which is no mistake in what was asked for.
    """
    path = locustfile(scenario)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "loadgen.adapter.check_options", str(path)],
            env=with_project(os.environ),
            input=orjson.dumps(lines),
            capture_output=True,
            timeout=_LIMIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(
            f"locustfiles/{path.name} does not say its options within {_LIMIT_SECONDS:g} s: the machine may "
            f"be too busy; see what else runs (top): {TO_DO}. If nothing does, the file waits for something "
            "while it is loaded. Nothing was measured"
        ) from None
    why = _complaint(done.stderr.decode(errors="replace")) if done.returncode else ""
    said = _said_in(done.stdout)
    if said is None:
        why = why or f"{path.name} does not say its options"
        of_file = why.startswith(path.name)  # else of the environment, which says options, too
        raise UsageError(f"locustfiles/{why}" if of_file else f"--scenario {scenario}: {why}")
    return replace(said, why=why, warnings=tuple(map(redaction().without_secrets, said.warnings)))


def _said_in(output: bytes) -> Said | None:
    """The last line that is it: a locustfile may print something, too, while it is loaded."""
    for line in reversed(output.splitlines()):
        with suppress(ValueError):  # pydantic's, too
            return _SAID.validate_json(line)
    return None


def _complaint(output: str) -> str:
    """What it says of its error, as argparse and we write it, without secrets; else its last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["it ends without a word"]
    errors = (line for line in reversed(lines) if "error: " in line)
    found = next(errors, lines[-1])
    return redaction().without_secrets(found.partition("error: ")[2] or found)
