"""What a sweep made or changed in a cluster, as its ledger knows it; and how that is undone.

No environment is written down: a Deployment that was changed in place is known by its revision, which the
cluster keeps.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from sweep.running.kubectl import Kubectl, KubectlError

CLONE_LABEL = "chokepoint/clone"
"""Its value is the clone's own name: what does not bear it is not ours to remove."""
RUN_LABEL = "chokepoint/run"
CLONE_KINDS = "deployment,service"
"""What a clone is made of, as kubectl lists kinds;"""
INGRESS_KINDS = f"{CLONE_KINDS},ingress"
"""where it is reached by an ingress of its own;"""
LOAD_KINDS = "job,secret"
"""and what a load in the cluster is."""
REMOVE_SECONDS = 150.0
"""Pods have a minute to end what they are at, by the manifests here; their own word may be longer."""
_ROLE = "cluster"


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """A clone with its Service, a load, or a Deployment as it was."""

    context: str
    namespace: str
    name: str
    revision: str = ""
    """To which a Deployment that was changed in place goes back; empty: it is a clone."""
    replicas: int | None = None
    """How many it had; None: they were not changed."""
    kinds: str = CLONE_KINDS
    """What is made under its name, and removed."""

    def to_json(self, *, gone: bool = False) -> dict[str, Any]:
        return {_ROLE: asdict(self), "gone": gone}

    def remove(self) -> None:
        """Returns when its pods are gone. Raises KubectlError."""
        kubectl = Kubectl(self.context, self.namespace)
        if self.revision:
            self._restore(kubectl)
            return
        kubectl.run(
            "delete",
            self.kinds,
            f"--selector={CLONE_LABEL}={self.name}",
            "--ignore-not-found",
            "--cascade=foreground",  # it is gone when its pods are
            "--wait",
            f"--timeout={REMOVE_SECONDS:g}s",
            seconds=REMOVE_SECONDS,
        )

    def _restore(self, kubectl: Kubectl) -> None:
        named = f"deployment/{self.name}"
        try:
            kubectl.run("rollout", "undo", named, f"--to-revision={self.revision}")
        except KubectlError as error:
            raise KubectlError(
                f"{named} is as the sweep set it, and does not go back to revision {self.revision}: {error}"
            ) from None
        if self.replicas is not None:
            kubectl.run("scale", named, f"--replicas={self.replicas}")


def left_in(lines: Iterable[Any]) -> list[Leftover]:
    """What a ledger's lines know of, and do not say is gone."""
    found: dict[Leftover, None] = {}
    for raw in lines:
        if not isinstance(raw, dict) or not isinstance(raw.get(_ROLE), dict):
            continue
        said = raw[_ROLE]
        replicas = said.get("replicas")
        one = Leftover(
            **{name: str(said.get(name, "")) for name in ("context", "namespace", "name", "revision")},
            replicas=replicas if isinstance(replicas, int) else None,
            kinds=str(said.get("kinds") or CLONE_KINDS),
        )
        if raw.get("gone"):
            found.pop(one, None)
        elif one.context and one.namespace and one.name:
            found[one] = None
    return list(found)
