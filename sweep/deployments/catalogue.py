"""All kinds of deployments. A new one is a module with its `Kind`, and its line here."""

from __future__ import annotations

from sweep.deployments import k8s, local, pod, podman, run, url
from sweep.deployments.protocol import Kind
from sweep.running.errors import UsageError

KINDS: tuple[type[Kind], ...] = (
    local.Local,
    pod.Pod,
    pod.EqualCpu,
    podman.Podman,
    run.Run,
    k8s.K8s,
    url.Url,
)
DEFAULT = local.Local.form


def forms() -> str:
    """How specs are written: ``local, run:COMMAND or url:http://HOST:PORT``."""
    *others, last = (kind.form for kind in KINDS)
    return f"{', '.join(others)} or {last}" if others else last


def kind_of(spec: str) -> Kind:
    """The spec as its own kind parses it. Raises UsageError for one that is nobody's, or wrong."""
    for kind in KINDS:
        found = kind.of(spec)
        if found is not None:
            return found
    told = "that" if "@" in spec else repr(spec)  # what has an @ in it may be a password
    command = "; a command begins with run:" if " " in spec.strip() else ""
    raise UsageError(f"--deployment takes [LABEL=]SPEC, with {forms()} as SPEC, not {told}{command}")
