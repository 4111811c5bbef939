"""A cluster that answers what kubectl would: a Deployment is rolled out as soon as it is made."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import orjson

from sweep.running.kubectl import Kubectl, KubectlError

STAT = """==> /sys/fs/cgroup/cpu.stat <==
usage_usec {used}
nr_periods {periods}
nr_throttled {throttled}
throttled_usec 250000

==> /sys/fs/cgroup/memory.peak <==
1048576

==> /sys/fs/cgroup/memory.events <==
oom_kill 0
"""


def deployment(**changes: Any) -> dict[str, Any]:
    """One with a secret in its environment, a sidecar and a label that a Service selects it by."""
    secret = {"name": "PASSWORD", "value": "hunter2-hunter2"}
    template = {
        "metadata": {"labels": {"app": "rag", "tier": "web", "mesh": "on"}},
        "spec": {
            "containers": [
                {"name": "app", "image": "rag:1", "env": [secret, {"name": "WORKERS", "valueFrom": {}}],
                 "ports": [{"containerPort": 8001}], "resources": {"limits": {"memory": "64Mi"}}},
                {"name": "proxy", "image": "mesh:1"},
            ]
        },
    }  # fmt: skip
    annotations = {"deployment.kubernetes.io/revision": "7"}
    return {
        "metadata": {"name": "rag", "generation": 1, "annotations": annotations},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "rag"}}, "template": template},
        "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1},
        **changes,
    }


class FakeCluster:
    """In place of `Kubectl.run`."""

    def __init__(self) -> None:
        self.deployments = {"rag": deployment()}
        self.services = [{"metadata": {"name": "rag"}, "spec": {"selector": {"tier": "web"}}}]
        self.scalers: list[dict[str, Any]] = []
        self.told: list[tuple[str, ...]] = []
        self.given: list[Any] = []
        self.pod: dict[str, Any] = {}
        """Changes to each pod's status."""
        self.reads = 0

    def run(self, kubectl: Kubectl, *words: str, given: bytes = b"", **_: Any) -> str:
        self.told.append(words)
        if given:
            self.given.append(orjson.loads(given))
        does: dict[str, Callable[..., Any]] = {
            "get": self.get, "create": self.create, "delete": self.delete, "exec": self.exec,
        }  # fmt: skip
        found = does.get(words[0], lambda *_: "")(*words[1:])
        return found if isinstance(found, str) else orjson.dumps(found).decode()

    def get(self, kind: str, *words: str) -> Any:
        if kind == "deployment":
            if words[0] not in self.deployments:
                raise KubectlError(f'deployments.apps "{words[0]}" not found')
            return self.deployments[words[0]]
        if kind == "pods":
            name = words[0].rpartition("=")[2]
            one = self.deployments.get(name)
            return {"items": [self.pod_of(name, one)] if one else []}
        if kind == "service":
            return {"spec": {"clusterIP": "10.0.0.9", "ports": [{"port": 8001}]}}
        return {"items": self.services if kind == "services" else self.scalers}

    def pod_of(self, name: str, of: dict[str, Any]) -> dict[str, Any]:
        spec = {**deepcopy(of["spec"]["template"]["spec"]), "nodeName": "n1"}
        status = {"podIP": "127.0.0.1", "containerStatuses": [{"name": "app", "restartCount": 0}], **self.pod}
        return {"metadata": {"name": f"{name}-abc"}, "spec": spec, "status": status}

    def create(self, *_: str) -> str:
        clone, _service = self.given[-1]["items"]
        status = deployment(spec={})["status"]
        self.deployments[clone["metadata"]["name"]] = {**clone, "status": status}
        return ""

    def delete(self, *words: str) -> str:
        del self.deployments[words[1].rpartition("=")[2]]
        return ""

    def exec(self, pod: str, container: str, *_: str) -> str:
        if container.endswith("proxy"):
            raise KubectlError("exec: no such program: head")
        self.reads += 1
        return STAT.format(used=self.reads * 1_500_000, periods=self.reads * 10, throttled=self.reads * 4)
