"""etcd, an API server, its controllers and a scheduler on loopback; no node: a loop says what one would."""

from __future__ import annotations

import contextlib
import json
import secrets
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support import free_port, wait_until
from tests.cluster.build import binaries

NODE = "stand-in"
UP_SECONDS = 300
_PATCH = "application/strategic-merge-patch+json"


class ControlPlane:
    """In ``folder``, which holds its state and logs. ``kubeconfig`` names it as the context ``here``, and as
    ``unentitled`` for somebody who has no rights."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kubeconfig = folder / "kubeconfig"
        self.port = free_port()
        self._token, self._other = secrets.token_hex(16), secrets.token_hex(16)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._context = ssl._create_unverified_context()  # its certificate is its own, on loopback
        self._write()

    def start(self) -> None:
        """Raises AssertionError where it is not up in time."""
        etcd, peer = free_port(), free_port()
        at, peers = f"http://127.0.0.1:{etcd}", f"http://127.0.0.1:{peer}"
        self._run("etcd", "--data-dir=etcd", f"--listen-client-urls={at}", f"--advertise-client-urls={at}",
                  f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}",
                  f"--initial-cluster=default={peers}")  # fmt: skip
        self._run("kube-apiserver", f"--etcd-servers={at}", "--bind-address=127.0.0.1",
                  f"--secure-port={self.port}", "--insecure-port=0", "--cert-dir=certificates",
                  "--token-auth-file=tokens.csv", "--authorization-mode=RBAC",
                  # Without service accounts' tokens, and without taints that a real node's status removes.
                  "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition",
                  "--service-account-key-file=key.pem", "--service-account-signing-key-file=key.pem",
                  "--service-account-issuer=https://here",
                  "--service-cluster-ip-range=10.99.0.0/24")  # fmt: skip
        wait_until(lambda: self.ask("GET", "/readyz", raw=True) == b"ok", UP_SECONDS)
        common = ("--kubeconfig=kubeconfig", "--leader-elect=false", "--bind-address=127.0.0.1", "--port=0")
        # No node beats its heart here, which its controller would take for its death.
        self._run("kube-controller-manager", *common, "--secure-port=0", "--controllers=*,-nodelifecycle")
        self._run("kube-scheduler", *common, "--secure-port=0")

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in reversed(self._processes):
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(20)

    def ask(self, method: str, path: str, body: Any = None, *, kind: str = _PATCH, raw: bool = False) -> Any:
        """Raises OSError."""
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": kind},
        )
        with urllib.request.urlopen(request, timeout=10, context=self._context) as reply:
            text = reply.read()
        return text if raw else json.loads(text)

    def _run(self, name: str, *words: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            program = [str(binaries()[name]), *words]
            self._processes.append(subprocess.Popen(program, cwd=self.folder, stdout=log, stderr=log))

    def _write(self) -> None:
        tokens = f"{self._token},admin,admin,system:masters\n{self._other},other,other,\n"
        (self.folder / "tokens.csv").write_text(tokens)
        subprocess.run(["openssl", "genrsa", "-out", "key.pem", "2048"], cwd=self.folder, check=True,
                       capture_output=True)  # fmt: skip
        server = {"server": f"https://127.0.0.1:{self.port}", "insecure-skip-tls-verify": True}
        config = {
            "apiVersion": "v1", "kind": "Config", "clusters": [{"name": "here", "cluster": server}],
            "users": [{"name": "admin", "user": {"token": self._token}},
                      {"name": "other", "user": {"token": self._other}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "admin"}},
                         {"name": "unentitled", "context": {"cluster": "here", "user": "other"}}],
            "current-context": "here",
        }  # fmt: skip
        self.kubeconfig.write_text(json.dumps(config))


class StandIn:
    """In a kubelet's place: it says of each pod that a node was found for that it runs and is ready, and
    removes those that were told to go. Nothing is run."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self.crashing: set[str] = set()
        """Values of the variable PLANTED at which a pod crashes again and again."""

    def start(self) -> None:
        size = {"cpu": "64", "memory": "256Gi", "pods": "200", "ephemeral-storage": "500Gi"}
        ready = {"type": "Ready", "status": "True", "reason": "StandIn", "message": "no kubelet"}
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}}
        self._plane.ask("POST", "/api/v1/nodes", node, kind="application/json")
        status = {"capacity": size, "allocatable": size, "conditions": [ready]}
        self._plane.ask("PATCH", f"/api/v1/nodes/{NODE}/status", {"status": status})
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(30)

    def _loop(self) -> None:
        while not self._over.wait(0.3):
            with contextlib.suppress(OSError):
                pods = self._plane.ask("GET", f"/api/v1/pods?fieldSelector=spec.nodeName={NODE}")["items"]
                for pod in pods:
                    with contextlib.suppress(urllib.error.HTTPError):  # it has gone, or changed meanwhile
                        self._see(pod)

    def _see(self, pod: dict[str, Any]) -> None:
        path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"
        if "deletionTimestamp" in pod["metadata"]:
            self._plane.ask("DELETE", f"{path}?gracePeriodSeconds=0")
        elif pod.get("status", {}).get("phase") == "Pending":
            self._plane.ask("PATCH", f"{path}/status", {"status": self._status(pod)})

    def _status(self, pod: dict[str, Any]) -> dict[str, Any]:
        containers = pod["spec"]["containers"]
        variables = {one["name"]: one.get("value") for each in containers for one in each.get("env", ())}
        well = variables.get("PLANTED") not in self.crashing
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        state = {"running": {"startedAt": now}} if well else {"waiting": {"reason": "CrashLoopBackOff"}}
        ended = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
        of_each = [
            {"name": one["name"], "image": one["image"], "imageID": "", "ready": well, "state": state,
             "restartCount": 0 if well else 2, "lastState": {} if well else ended}
            for one in containers
        ]  # fmt: skip
        conditions = [
            {"type": kind, "status": "True" if well else "False", "lastTransitionTime": now}
            for kind in ("Initialized", "ContainersReady", "Ready")
        ]
        address = {"podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}], "hostIP": "127.0.0.1"}
        phase = "Running" if well else "Pending"
        return {"phase": phase, **address, "conditions": conditions, "containerStatuses": of_each}


@contextlib.contextmanager
def control_plane(folder: Path) -> Iterator[tuple[ControlPlane, StandIn]]:
    """Within, it runs."""
    plane = ControlPlane(folder)
    stand_in = StandIn(plane)
    try:
        plane.start()
        stand_in.start()
        yield plane, stand_in
    finally:
        if stand_in._thread.is_alive():
            stand_in.stop()
        plane.stop()
