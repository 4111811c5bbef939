"""podman: asked, and told; what it complains of is one line. The pods of sweeps, and those that killed ones
left."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

import orjson

from sweep.running.cgroups.choice import is_at_work, is_ours
from sweep.running.errors import UsageError
from sweep.running.redaction import redaction, without_key

ASK_SECONDS = 60.0
PLAY_SECONDS = 600.0
"""Init containers may copy much."""
REMOVE_SECONDS = 300.0
"""Podman waits for who builds an image."""
GRACE_SECONDS = 5
"""For what is in a pod to end by itself, when that is removed."""
LABEL = "chokepoint/sweep"
"""Its value is the pod's own name: what does not bear it is not ours to remove."""
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
    return done.stdout.decode("utf-8", "replace").strip()


def _complaint(said: bytes, hidden: Iterable[str]) -> str:
    """The line that says why; what podman logs beside that comes with its time."""
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    plain = [line for line in lines if not line.startswith("time=")]
    text = redaction().without_secrets((plain or lines or ["no word of why"])[-1])
    for value in sorted(filter(lambda one: len(one) > _SHORT, hidden), key=len, reverse=True):
        text = text.replace(value, "***")
    return text


def play(documents: Iterable[Any], *, hidden: Iterable[str] = ()) -> None:
    """By standard input: no environment of theirs is on a command line. Returns when it was started, after
    its init containers. Raises PodmanError."""
    text = b"\n---\n".join(map(orjson.dumps, documents))  # JSON is YAML
    run("kube", "play", "--quiet", "--log-driver=k8s-file", "-", given=text, seconds=PLAY_SECONDS,
        hidden=hidden)  # fmt: skip


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
