"""A cluster that answers what kubectl would: a Deployment is rolled out as soon as it is made."""

import base64
import os
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import orjson

from reach.key import VARIABLES
from support import ROOT
from sweep.running.kubectl import Kubectl, KubectlError

STAT = """==> /sys/fs/cgroup/cpu.stat <==
usage_usec {used}
nr_periods {periods}
nr_throttled {throttled}
throttled_usec 250000

==> /sys/fs/cgroup/cpu.max <==
50000 100000

==> /sys/fs/cgroup/memory.peak <==
1048576

==> /sys/fs/cgroup/memory.events <==
oom_kill 0
"""


def deployment(**changes: Any) -> dict[str, Any]:
    """One with a secret in its environment, a sidecar and a label that a Service selects it by."""
    secret = {"name": "PASSWORD", "value": "hunter2-hunter2"}
    resources = {"limits": {"memory": "64Mi", "cpu": "500m"}, "requests": {"cpu": "250m"}}
    template = {
        "metadata": {"labels": {"app": "rag", "tier": "web", "mesh": "on"}},
        "spec": {
            "containers": [
                {"name": "app", "image": "rag:1", "env": [secret, {"name": "WORKERS", "valueFrom": {}}],
                 "ports": [{"containerPort": 8001}], "resources": resources},
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


class FakeJob:
    """Its load as a process of this machine, with the Secret's files where they are mounted."""

    def __init__(
        self, secret: dict[str, Any], job: dict[str, Any], folder: Path, names: dict[str, str]
    ) -> None:
        self.name, self.job = job["metadata"]["name"], job
        own = folder / self.name
        self.results, self.order, self.log = own / "results", own / "order", own / "log"
        self.results.mkdir(parents=True)
        self.order.mkdir()
        for name, text in secret["data"].items():
            (self.order / name).write_bytes(base64.b64decode(text))
        spec = job["spec"]["template"]["spec"]
        load = spec["containers"][0]
        said = {"/results": str(self.results), "/order": str(self.order), "$$": "$", **names}
        words = []
        for word in load["command"]:
            for there, here in said.items():
                word = word.replace(there, here)
            words.append(word)
        env = {name: text for name, text in os.environ.items() if name not in VARIABLES}
        for one in load["env"]:
            reference = one.get("valueFrom", {}).get("secretKeyRef", {})
            if reference.get("name") == secret["metadata"]["name"]:
                env[one["name"]] = (self.order / reference["key"]).read_text()
        with self.log.open("wb") as log:
            argv = [sys.executable, "-m", *words]
            self.process = subprocess.Popen(argv, cwd=ROOT, env=env, stdout=log, stderr=log)

    def pod(self) -> dict[str, Any]:
        code = self.process.poll()
        state = {"running": {}} if code is None else {"terminated": {"exitCode": code, "reason": "Completed"}}
        statuses = [{"name": "load", "state": state}, {"name": "results", "state": {"running": {}}}]
        status = {"phase": "Running", "containerStatuses": statuses}
        return {"metadata": {"name": self.name}, "spec": {"nodeName": "n2"}, "status": status}

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(10)


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
        self.raw: dict[str, Callable[[], str]] = {}
        """What the API server answers at paths that end so."""
        self.ingresses: list[dict[str, Any]] = []
        self.jobs: dict[str, FakeJob] = {}
        self.folder: Path | None = None
        """Where the containers of Jobs run as processes of this machine; None: there are no Jobs."""
        self.names: dict[str, str] = {}
        """Of addresses in words of a Job, with what is there here."""

    def run(self, kubectl: Kubectl, *words: str, given: bytes = b"", **_: Any) -> str:
        self.told.append(words)
        if given:
            self.given.append(orjson.loads(given))
        does: dict[str, Callable[..., Any]] = {
            "get": self.get, "create": self.create, "delete": self.delete, "exec": self.exec,
            "logs": lambda pod, *_: self.jobs[pod].log.read_text(),
        }  # fmt: skip
        found = does.get(words[0], lambda *_: "")(*words[1:])
        return found if isinstance(found, str) else orjson.dumps(found).decode()

    def get(self, kind: str, *words: str) -> Any:
        if kind == "deployment":
            if words[0] not in self.deployments:
                raise KubectlError(f'deployments.apps "{words[0]}" not found')
            return self.deployments[words[0]]
        if kind == "--raw":
            found = [answer for path, answer in self.raw.items() if words[0].endswith(path)]
            if not found:
                raise KubectlError("the server could not find the requested resource")
            return found[0]()
        if "," in kind:
            listed = [{**one, "kind": "Deployment"} for one in self.deployments.values()]
            label = words[0].removeprefix("--selector=")
            return {"items": [one for one in listed if label in one["metadata"].get("labels", {})]}
        if kind == "ingress":
            [one] = [one for one in self.ingresses if one["metadata"]["name"] == words[0]]
            return {**one, "status": {"loadBalancer": {"ingress": [{"ip": "10.9.9.9"}]}}}
        if kind == "ingresses":
            return {"items": self.ingresses}
        if kind == "pods":
            name = words[0].rpartition("=")[2]
            if name in self.jobs:
                return {"items": [self.jobs[name].pod()]}
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
        clone, _service, *more = self.given[-1]["items"]
        if _service["kind"] == "Job":
            assert self.folder
            self.jobs[_service["metadata"]["name"]] = FakeJob(clone, _service, self.folder, self.names)
            return ""
        self.ingresses += more
        status = deployment(spec={})["status"]
        self.deployments[clone["metadata"]["name"]] = {**clone, "status": status}
        return ""

    def delete(self, *words: str) -> str:
        name = words[1].rpartition("=")[2]
        if name in self.jobs:
            assert words[0] == "job,secret"
            self.jobs.pop(name).stop()
            return ""
        del self.deployments[name]
        self.ingresses = [one for one in self.ingresses if one["metadata"]["name"] != name]
        return ""

    def save(self, kubectl: Kubectl, *words: str, to: Path, seconds: float) -> None:
        """In place of `Kubectl.save`: `tar` in the container that keeps a load's records."""
        self.told.append(words)
        command = list(words[words.index("--") + 1 :])
        assert command[0] == "tar"
        results = str(self.jobs[words[1]].results)
        to.write_bytes(subprocess.check_output([word.replace("/results", results) for word in command]))

    def exec(self, pod: str, container: str, *_: str) -> str:
        if container.endswith("proxy"):
            raise KubectlError("exec: no such program: head")
        self.reads += 1
        return STAT.format(used=self.reads * 1_500_000, periods=self.reads * 10, throttled=self.reads * 4)
