"""``run:COMMAND``: anybody's app, as a process of this machine with a free port."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path
from typing import Self

from reach.options import Reach
from records.secrets.secret_names import is_utf8, shown
from sweep.deployments.process import environment_of, wait_ready
from sweep.deployments.protocol import Endpoint, Kind, Setup
from sweep.deployments.secret_words import secret_in, words_in
from sweep.deployments.servers import served_app
from sweep.fixes.any_app import remedies_for
from sweep.fixes.remedy import Remedies
from sweep.running.asking import served
from sweep.running.errors import UsageError
from sweep.running.processes import Command, free_port

_PREFIX = "run:"
PORT = "{port}"
PORT_VARIABLE = "PORT"
_OF_SHELLS = {"|", "||", "&", "&&", ";", ">", ">>", "<", "2>", "2>&1", "&>"}
"""No program has these as words of its own."""
_PYTHON = re.compile(r"python[\d.]*")
_NAMED = 40
"""Characters of a folder's name that is made of a command."""


@dataclass(frozen=True)
class Run(Kind):
    """A command line in words; no shell reads it."""

    form = "run:COMMAND"
    started = configurable = reaches_loopback = True
    ready_path = "/"
    words: tuple[str, ...]

    @classmethod
    def of(cls, spec: str) -> Self | None:
        if not spec.startswith(_PREFIX):
            return None
        text = spec.removeprefix(_PREFIX)
        if not (text.isprintable() and is_utf8(text)):
            raise UsageError(f"--deployment {cls.form}: the command holds what is no printable text")
        try:
            words = tuple(shlex.split(text))
        except ValueError:
            raise UsageError(f"--deployment {cls.form}: a quote in the command is not closed") from None
        if not words or not words[0]:
            raise UsageError(f"--deployment {cls.form} wants a command, such as 'run:my-app --port {PORT}'")
        shell = next((word for word in words if word in _OF_SHELLS), None)
        if shell is not None:
            raise UsageError(
                f"--deployment {cls.form}: no shell reads the command: {shell!r} would be a word of it; "
                "where you want one: run:sh -c '...'"
            )
        if secret := secret_in(words):
            raise UsageError(
                f"--deployment {cls.form}: {secret} looks like a secret, and the command is kept: "
                "give it in the environment, which the command has from the sweep"
            )
        return cls(words)

    @property
    def name(self) -> str:
        """Of the app that its words name, else of all of them: ``mine.web-app``."""
        app = served_app([inner for word in self.words for inner in words_in(word)])
        return _folder(app) if app else _called(_without_env(self.words))

    @property
    def long_name(self) -> str:
        """Of its words, variables that ``env`` sets, too: ``uvicorn-mine-app``."""
        return _called(self.words)

    @property
    def remedies(self) -> Remedies:
        return remedies_for(self.words)

    def check(self, reach: Reach, headers: Mapping[str, str]) -> None:
        """Raises UsageError where there is no such command."""
        _check_command(self.words[0])

    def deployment(self, setup: Setup) -> RunDeployment:
        return RunDeployment(self, setup)


def _called(words: Sequence[str]) -> str:
    """Without options, the port and a Python that runs them."""
    said = [Path(word).name for word in words if not word.startswith("-") and PORT not in word]
    return _folder(said[1:] if said[1:] and _PYTHON.fullmatch(said[0]) else said)


def _without_env(words: Sequence[str]) -> Sequence[str]:
    if Path(words[0]).name != "env":
        return words
    started = list(dropwhile(lambda word: "=" in word, words[1:]))
    return started if started and not started[0].startswith("-") else words


def _folder(words: Sequence[str]) -> str:
    return re.sub(r"[^A-Za-z0-9._]+", "-", "-".join(words))[:_NAMED].strip("-._") or "run"


class RunDeployment:
    """The command with whatever it starts itself."""

    def __init__(self, kind: Run, setup: Setup) -> None:
        self._kind = kind
        self._setup = setup
        self._command: Command | None = None

    def start(self, name: str, settings: Mapping[str, str]) -> Endpoint:
        """Raises UsageError when there is no such command, it ends, or it is not ready in time."""
        setup, port = self._setup, free_port()
        cwd = Path(setup.cwd) if setup.cwd else None
        if cwd is not None and not cwd.is_dir():
            raise UsageError(f"the sweep was begun in {cwd}, which is gone: its command has nowhere to run")
        _check_command(self._kind.words[0], cwd)
        self._command = command = Command(
            [word.replace(PORT, str(port)) for word in self._kind.words],
            log=setup.log,
            ledger=setup.ledger,
            env={**environment_of(setup, settings, os.environ), PORT_VARIABLE: str(port)},
            cpus=setup.cpus.target,
            cwd=cwd,
        )
        base_url = f"http://127.0.0.1:{port}"
        path = setup.ready_path or self._kind.ready_path
        wait_ready(command, setup, f"{base_url}{path}", lambda status: status < 500)
        return Endpoint(
            base_url=base_url,
            pids=command.pids(),
            log=command.log,
            ended=command.ended,
            inside=setup.inside,
            served=served(base_url),
        )

    def stop(self) -> None:
        if self._command is not None:
            self._command.stop()


def _check_command(word: str, cwd: Path | None = None) -> None:
    found = (cwd or Path()) / word if "/" in word else shutil.which(word)
    if found is None or not Path(found).is_file():
        where = "" if "/" in word else " on the PATH"
        known = shown(word) if "=" in word else repr(word)
        advice = "no shell reads it; settings go with --config and --set"
        if where and "=" not in word:
            advice = f"install it in this environment, or name another one's by its path: .../bin/{word}"
        raise UsageError(f"--deployment {Run.form}: no such command{where}: {known} ({advice})")
    if not os.access(found, os.X_OK):
        raise UsageError(f"--deployment {Run.form}: {word!r} is no program: it may not be executed")
