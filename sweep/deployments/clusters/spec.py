"""``k8s:CONTEXT/NAMESPACE/DEPLOYMENT[,OPTION...]`` taken apart; nobody is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any, Literal, Self, get_args

from sweep.running.errors import UsageError, check_base_url

PREFIX = "k8s:"
FORM = "k8s:CONTEXT/NAMESPACE/DEPLOYMENT[,OPTION...]"
Via = Literal["service", "ingress", "pod", "forward", "url"]
"""The clone's Service, an ingress of its own, the one pod; a port-forward, for a load here; an address that
the user gives."""
WAYS: tuple[Via, ...] = ("service", "ingress", "pod")
"""Of a load in the cluster."""
Where = Literal["cluster", "here"]
_OPTIONS = (
    "replicas=N, container=NAME, port=N, via=service|ingress|pod|forward, load=cluster|here, "
    "load-image=IMAGE, ingress=NAME, requests=SERIES, url=URL, in-place"
)
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_SERIES = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,200}", re.ASCII)
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]{0,300}", re.ASCII)
MOST_REPLICAS = 500
_CHOICES: dict[str, tuple[str, ...]] = {"via": get_args(Via)[:4], "load": get_args(Where)}
_FORMS = {"container": _NAME, "ingress": _NAME, "load_image": _IMAGE, "requests": _SERIES}


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
    via: Via = "service"
    load: Where | None = None
    """Where the load runs; None: in the cluster, but for a port-forward, or an address of the user's."""
    load_image: str = ""
    """Of its Job; empty: the one of ``k8s/base``."""
    ingress: str = ""
    """Whose class and annotations the clone's ingress has; empty: the one that leads to the original."""
    requests: str = ""
    """The series by which the app counts requests; empty: the reference app's."""
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
        if self.in_cluster and self.via == "forward":
            raise UsageError(f"{what}: a port-forward leads out of the cluster, and load=cluster is in it")
        if self.via == "ingress" and (self.in_place or not self.in_cluster):
            raise UsageError(
                f"{what}: via=ingress makes an ingress for a clone and asks it from within the cluster; "
                "yours is asked by in-place,url=URL"
            )
        self.check_reaches(self.replicas or 1)

    @property
    def in_cluster(self) -> bool:
        """Does the load run there?"""
        return self.load == "cluster" or (self.load is None and self.via in WAYS)

    @property
    def ways(self) -> tuple[Via, ...]:
        """By which one plan may have its load come: all to the same clone, from the same place."""
        if not self.in_cluster:
            return ()
        kept = {"ingress": not self.in_place, "pod": self.replicas in (None, 1)}
        return tuple(way for way in WAYS if kept.get(way, True))

    def check_reaches(self, replicas: int, via: str = "") -> None:
        """Raises UsageError where the way (empty: its own) leads to one pod, and there are more."""
        via = via or self.via
        if replicas > 1 and via in ("forward", "pod"):
            raise UsageError(
                f"--deployment {FORM}: via={via} reaches one pod alone, so of {replicas} the others "
                "would idle: say replicas=1, or via=service"
            )


def _option(text: str) -> tuple[str, Any]:
    """Raises UsageError."""
    said, equals, value = text.partition("=")
    name = said.replace("-", "_")
    known = {field.name for field in fields(Spec)} - {"context", "namespace", "deployment", "in_place"}
    if text == "in-place":
        return "in_place", True
    if name not in known or not equals or not value:
        raise UsageError(f"--deployment {FORM}: {said!r} is no option of it; there are {_OPTIONS}")
    if name in ("replicas", "port"):
        most = MOST_REPLICAS if name == "replicas" else 65535
        if not (value.isascii() and value.isdecimal() and len(value) < 6 and 1 <= int(value) <= most):
            raise UsageError(f"--deployment {FORM}: {name}= takes a whole number from 1 to {most}")
        return name, int(value)
    for one, values in _CHOICES.items():
        if name == one and value not in values:
            raise UsageError(f"--deployment {FORM}: {name}= takes {', '.join(values)}, not {value!r}")
    form = _FORMS.get(name)
    if form is not None and not form.fullmatch(value):
        raise UsageError(f"--deployment {FORM}: {said}= takes a name, and {value!r} is none")
    return name, value
