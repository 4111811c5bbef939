"""podman: asked, and told; what it complains of is one line. The pods of sweeps, and those that killed ones
left."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

import orjson

from reach.key import without_key
from sweep.running.cgroups.choice import is_at_work, is_ours
from sweep.running.errors import UsageError
from sweep.running.redaction import redaction

ASK_SECONDS = 60.0
PLAY_SECONDS = 600.0
"""Init containers may copy much."""
REMOVE_SECONDS = 300.0
"""Podman waits for who builds an image."""
GRACE_SECONDS = 5
"""For what is in a pod to end by itself, when that is removed."""
LABEL = "chokepoint/sweep"
"""Its value is the pod's own name: what does not bear it is not ours to remove."""
_NUMBER = re.compile(r"\b[0-9a-f]{64}\b")
"""Of a container."""
_SHORT = 4
"""A value of so few characters is no secret, and would blank half of a message."""


class PodmanError(UsageError):
    """What it would not do, in one line."""


def program() -> str:
    """Raises PodmanError."""
    found = shutil.which("podman")
    if found is None:
        raise PodmanError("podman is not on the PATH")
    return found


def run(*words: str, given: bytes = b"", seconds: float = ASK_SECONDS, hidden: Iterable[str] = ()) -> str:
    """What it prints. ``hidden``: values that its complaint may not repeat. Raises PodmanError."""
    return _done(words, given, seconds, hidden).stdout.decode("utf-8", "replace").strip()


def _done(
    words: Sequence[str], given: bytes = b"", seconds: float = ASK_SECONDS, hidden: Iterable[str] = ()
) -> subprocess.CompletedProcess[bytes]:
    named = f"podman {' '.join([word for word in words if not word.startswith('-')][:2])}"
    try:
        done = subprocess.run(
            [program(), *words],
            input=given,
            capture_output=True,
            timeout=seconds,
            check=False,
            env=without_key(os.environ),
            start_new_session=True,  # Ctrl-C is for the sweep: what it begins to remove is removed
        )
    except subprocess.TimeoutExpired:
        raise PodmanError(
            f"{named}: no answer in {seconds:g} s; an image that is built may keep it waiting"
        ) from None
    except OSError as error:
        raise PodmanError(f"{named}: {error}") from None
    if done.returncode:
        raise PodmanError(f"{named}: {_complaint(done.stderr, hidden)}")
    return done


def _complaint(said: bytes, hidden: Iterable[str]) -> str:
    """The line that says why; what podman logs beside that comes with its time, and how many did not start
    comes last."""
    lines = _lines(said)
    plain = [line for line in lines if not line.startswith(("time=", "Error: failed to start"))]
    text = redaction().without_secrets((plain or lines or ["no word of why"])[-1])
    for value in sorted(filter(lambda one: len(one) > _SHORT, hidden), key=len, reverse=True):
        text = text.replace(value, "***")
    return text


def _lines(said: bytes) -> list[str]:
    return [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]


def play(documents: Iterable[Any], *, hidden: Collection[str] = ()) -> None:
    """By standard input: no environment of theirs is on a command line. Returns when it was started, after
    its init containers. Raises PodmanError."""
    text = b"\n---\n".join(map(orjson.dumps, documents))  # JSON is YAML
    try:
        run("kube", "play", "--quiet", "--log-driver=k8s-file", "-", given=text, seconds=PLAY_SECONDS,
            hidden=hidden)  # fmt: skip
    except PodmanError as error:
        raise PodmanError(_with_last_words(str(error), hidden)) from None


def _with_last_words(said: str, hidden: Collection[str]) -> str:
    """Of a container that it names by its number: its name, and what it wrote last, as init containers do."""
    for number in set(_NUMBER.findall(said)):
        with suppress(PodmanError):
            said = said.replace(number, run("inspect", "--type=container", "--format={{.Name}}", number))
            done = _done(["logs", "--tail=1", number])
            if wrote := done.stderr.strip() or done.stdout.strip():
                said += f"; its last words: {_complaint(wrote, hidden)}"
    return said


@cache
def version() -> str:
    """``podman 4.3.1``. Raises PodmanError."""
    return " ".join(run("--version").replace("version ", "").split())


def remove_pod(name: str) -> None:
    """With its volumes; what is not there is no fault. Raises PodmanError."""
    run("pod", "rm", "--force", "--ignore", f"--time={GRACE_SECONDS}", name, seconds=REMOVE_SECONDS)


def remove_left() -> None:
    """Remove the pods of sweeps that are gone. Raises PodmanError."""
    for name in _there():
        if not is_at_work(name):
            remove_pod(name)


def remove_pods(names: Collection[str]) -> None:
    """Those of one sweep, as far as they are there and bear our name. Raises PodmanError."""
    if names:
        for name in set(names) & set(_there()):
            remove_pod(name)


def _there() -> list[str]:
    listed = run("pod", "ps", f"--filter=label={LABEL}", "--format={{.Name}}").split()
    return [name for name in listed if is_ours(name)]
