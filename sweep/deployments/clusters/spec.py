"""``k8s:CONTEXT/NAMESPACE/DEPLOYMENT[,OPTION...]`` taken apart; nobody is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any, Literal, Self, cast, get_args

from sweep.running.errors import UsageError, check_base_url

PREFIX = "k8s:"
FORM = "k8s:CONTEXT/NAMESPACE/DEPLOYMENT[,OPTION...]"
Via = Literal["forward", "service", "pod", "url"]
"""A port-forward; the Service's own address or the one pod's, for a sweep that runs where these are reached;
an address that the user gives."""
_VIAS = get_args(Via)
_OPTIONS = "replicas=N, container=NAME, port=N, via=forward|service|pod, url=URL, in-place"
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
MOST_REPLICAS = 500


@dataclass(frozen=True, kw_only=True)
class Spec:
    """Which Deployment, and how it is measured."""

    context: str
    namespace: str
    deployment: str
    replicas: int | None = None
    """Of a clone, which nothing scales; None: one, or in place as many as there are."""
    container: str = ""
    """Whose environment is set; empty: the first."""
    port: int = 0
    """0: the container's first."""
    via: Via = "forward"
    url: str = ""
    in_place: bool = False

    @classmethod
    def of(cls, text: str) -> Self:
        """What follows ``k8s:``. Raises UsageError."""
        where, *options = text.split(",")
        # A context may have slashes in its name, as those of EKS do; the other two have none.
        parts = where.rsplit("/", 2)
        if len(parts) != 3 or not parts[0].strip() or not text.isprintable() or parts[0].startswith("-"):
            raise UsageError(f"--deployment {FORM} wants a context, a namespace and a Deployment's name")
        for name in parts[1:]:
            if not _NAME.fullmatch(name):
                raise UsageError(f"--deployment {FORM}: {name!r} is no name of a namespace or Deployment")
        given = dict(map(_option, options))
        if "url" in given:
            given.setdefault("via", "url")
        spec = cls(context=parts[0], namespace=parts[1], deployment=parts[2], **given)
        spec._check()
        return spec

    def _check(self) -> None:
        what = f"--deployment {FORM}"
        if self.url:
            check_base_url("--deployment", self.url, key="TARGET_API_KEY")
        if (self.via == "url") != bool(self.url):
            raise UsageError(f"{what}: an address of yours is given as url=http://HOST:PORT, without via=")
        if self.url and not self.in_place:
            raise UsageError(
                f"{what}: url= is where your own Service or Ingress leads, which is to no clone; it goes "
                "with in-place. Via forward, service or pod a clone is reached"
            )
        self.check_reaches(self.replicas or 1)

    def check_reaches(self, replicas: int) -> None:
        """Raises UsageError where it leads to one pod, and there are more."""
        if replicas > 1 and self.via in ("forward", "pod"):
            raise UsageError(
                f"--deployment {FORM}: via={self.via} reaches one pod alone, so of {replicas} the others "
                "would idle: say replicas=1, or via=service where the sweep runs in the cluster or on a "
                "node of it"
            )


def _option(text: str) -> tuple[str, Any]:
    """Raises UsageError."""
    name, equals, value = text.partition("=")
    known = {field.name for field in fields(Spec)} - {"context", "namespace", "deployment", "in_place"}
    if text == "in-place":
        return "in_place", True
    if name not in known or not equals or not value:
        raise UsageError(
            f"--deployment {FORM}: {text.split('=')[0]!r} is no option of it; there are {_OPTIONS}"
        )
    if name in ("replicas", "port"):
        most = MOST_REPLICAS if name == "replicas" else 65535
        if not (value.isascii() and value.isdecimal() and len(value) < 6 and 1 <= int(value) <= most):
            raise UsageError(f"--deployment {FORM}: {name}= takes a whole number from 1 to {most}")
        return name, int(value)
    if name == "via" and value not in _VIAS[:3]:
        raise UsageError(f"--deployment {FORM}: via= takes {', '.join(_VIAS[:3])}, not {value!r}")
    if name == "container" and not _NAME.fullmatch(value):
        raise UsageError(f"--deployment {FORM}: {value!r} is no name of a container")
    return name, cast(Via, value) if name == "via" else value
