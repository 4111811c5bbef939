"""The target's container in rendered manifests. Values only: who renders them is `render`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from records.options.quantity import quantity
from records.secrets.secret_names import secret_within
from sweep.deployments.pods.environment import Facts, environment_given
from sweep.deployments.pods.probes import STARTUP, probe_of
from sweep.deployments.pods.shapes import check_container, check_map
from sweep.running.cgroups.limits import Limits

NAME = "target"
"""The Deployment's, with a prefix or suffix of kustomize's, and the container's."""
_PLACES = ("_DIR", "_HOME", "_PATH", "HOME", "HOST", "PORT", "OPENAI_BASE_URL")
"""The ends of names of variables that say where things lie in the container, or in its cluster."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where the container is described, as it was rendered."""

    name: str
    """The Deployment's."""
    pod: Facts
    """The ``spec`` of its pods,"""
    raw: Facts
    """and the container in it."""


@dataclass(frozen=True, kw_only=True)
class Container:
    """What it is given, and how it is waited for."""

    name: str
    limits: Limits
    environment: Mapping[str, str] = field(default_factory=dict)
    in_a_cluster: Mapping[str, str] = field(default_factory=dict)
    """All of its environment but for secrets and the pod's own facts."""
    left_out: tuple[str, ...] = ()
    """Variables that say nothing on this machine: places in the container, secrets, the pod's own facts."""
    ready_path: str = ""
    ready_seconds: float | None = None
    """From its startup probe; None: it has none."""
    raw: Facts = field(default_factory=dict)
    """As it was rendered."""


def container_of(documents: Sequence[Any]) -> Container:
    """Raises ValueError where there is no such container, or what it is given cannot be read."""
    target = target_in(documents)
    raw = target.raw
    limits = limits_of(raw)
    given = environment_given(raw, documents, limits)
    shown = {key: value for key, value in given.values.items() if secret_within(key, value) is None}
    own = {key: value for key, value in shown.items() if not _is_place(key, value)}
    probe = probe_of(raw, STARTUP)
    return Container(
        name=target.name,
        limits=limits,
        environment=own,
        in_a_cluster=shown,
        left_out=tuple(sorted({*given.left_out, *(given.values.keys() - own.keys())})),
        ready_path=probe.path if probe else "",
        ready_seconds=probe.allowed_seconds if probe else None,
        raw=raw,
    )


def target_in(documents: Sequence[Any]) -> Target:
    """Raises ValueError where there is no such Deployment, more than one may be meant, or its container or a
    ConfigMap has another shape than Kubernetes'."""
    found = list(_targets(documents))
    named = [one for one in found if NAME in one.name.split("-")] or found
    if len(named) != 1:
        seen = ", ".join(one.name for one in found) or "none"
        raise ValueError(f"one Deployment called {NAME} is wanted; there is {seen}")
    target = named[0]
    if target.pod.get("resources"):
        raise ValueError("resources of its whole pod are not played here: give them to its container")
    check_container(target.raw, str(target.raw.get("name") or NAME))
    for one in documents:
        if isinstance(one, dict) and one.get("kind") == "ConfigMap":
            check_map(one)
    return target


def user_of(documents: Sequence[Any]) -> int | None:
    """As which its processes run, by their number; None: its image says. Raises ValueError."""
    target = target_in(documents)
    for of in (target.raw, target.pod):
        context = of.get("securityContext")
        uid = context.get("runAsUser") if isinstance(context, dict) else None
        if type(uid) is int and uid >= 0:
            return uid
    return None


def _targets(documents: Sequence[Any]) -> Iterator[Target]:
    """Of each Deployment the container that is called as it is, else its first one; sidecars follow."""
    for one in documents:
        if not isinstance(one, dict) or one.get("kind") != "Deployment":
            continue
        try:
            pod = one["spec"]["template"]["spec"]
            inner = pod["containers"]
            named = [container for container in inner if container.get("name") == NAME]
            yield Target(name=str(one["metadata"]["name"]), pod=pod, raw=(named or inner)[0])
        except (KeyError, IndexError, TypeError, AttributeError):
            raise ValueError("a Deployment in it has no containers") from None


def limits_of(raw: Facts) -> Limits:
    """Of a container. As Kubernetes has it, what is limited and not requested is requested as far as it is
    limited. Raises ValueError."""
    resources = raw.get("resources") or {}
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    cpu = _read(limits, "cpu")
    memory = _read(limits, "memory")
    requested = _read(requests, "cpu")
    for name, most in (("cpu", cpu), ("memory", memory)):
        if most and (_read(requests, name) or 0) > most:
            raise ValueError(f"the container {raw.get('name')} requests more {name} than its limit")
    return Limits(
        cpu_cores=float(cpu) if cpu else None,
        cpu_request_cores=float(cpu or 0 if requested is None else requested),
        memory_bytes=int(memory) if memory else None,
    )


def _read(resources: Facts, name: str) -> Decimal | None:
    said = resources.get(name)
    return None if said is None else quantity(said)


def _is_place(name: str, value: str) -> bool:
    return name.endswith(_PLACES) or value.startswith("/")
