"""``k8s:CONTEXT/NAMESPACE/DEPLOYMENT``: a Deployment of a cluster, cloned for the measurement by kubectl."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from reach.options import Reach
from sweep.deployments.cluster_target import ClusterDeployment
from sweep.deployments.clusters.clone import container_of, port_of
from sweep.deployments.clusters.guards import managers, written_claims
from sweep.deployments.clusters.load_job import master_in
from sweep.deployments.clusters.rollout import selector_of
from sweep.deployments.clusters.spec import FORM, PREFIX, Spec
from sweep.deployments.pods.render import understood
from sweep.deployments.protocol import Kind, Setup
from sweep.running.errors import UsageError
from sweep.running.kubectl import Kubectl
from sweep.running.processes import PROJECT

LOAD = PROJECT / "k8s" / "base" / "load"


@dataclass(frozen=True)
class K8s(Kind):
    """One Deployment."""

    form = FORM
    started = configurable = elsewhere = True
    spec: Spec

    @classmethod
    def of(cls, spec: str) -> Self | None:
        return cls(Spec.of(spec.removeprefix(PREFIX))) if spec.startswith(PREFIX) else None

    @property
    def name(self) -> str:
        return f"k8s-{self.spec.namespace}-{self.spec.deployment}"[:80].strip("-.")

    @property
    def alone(self) -> bool:
        return self.spec.in_place

    @property
    def ways(self) -> tuple[str, ...]:
        return self.spec.ways

    @property
    def loads_elsewhere(self) -> bool:
        return self.spec.in_cluster

    def check(self, reach: Reach, headers: Mapping[str, str]) -> None:
        """Raises UsageError where it is not there, or can be neither cloned nor changed."""
        if self.spec.in_cluster:
            master()  # raises
        kubectl = Kubectl(self.spec.context, self.spec.namespace)
        deployment = kubectl.get("deployment", self.spec.deployment)
        template = deployment["spec"]["template"]
        port_of(container_of(template, self.spec), self.spec)
        if self.spec.in_place:
            self._check_in_place(kubectl, deployment)
        elif claims := written_claims(template):
            raise UsageError(
                f"{self.spec.deployment} writes to the volume claim {', '.join(claims)}, and so would its "
                "clone: give it a volume of its own, as an emptyDir, or measure it in-place"
            )

    def _check_in_place(self, kubectl: Kubectl, deployment: Mapping[str, Any]) -> None:
        found = managers(deployment, kubectl.items("horizontalpodautoscalers"))
        if found:
            raise UsageError(
                f"{self.spec.deployment} is managed by {' and '.join(found)}, so it is not changed in place; "
                "without in-place a clone of it is measured"
            )
        selector_of(deployment)
        if deployment["spec"].get("paused"):
            raise UsageError(f"{self.spec.deployment} is paused: what is changed in it is not rolled out")
        replicas = self.spec.replicas or deployment["spec"].get("replicas", 1)
        if not replicas:
            raise UsageError(f"{self.spec.deployment} has 0 replicas: say replicas=N, or measure a clone")
        self.spec.check_reaches(replicas)

    def deployment(self, setup: Setup) -> ClusterDeployment:
        return ClusterDeployment(self.spec, setup, master() if self.spec.in_cluster else None)


def master() -> dict[str, Any]:
    """The pod template that a load in a cluster is made of. Raises UsageError where it cannot be rendered."""
    return understood(str(LOAD), FORM, master_in)
