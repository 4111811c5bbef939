"""A cluster's control plane for a session, with k8s/base in it; only `make cluster-test` asks for it."""

import math
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sweep.deployments.clusters.rollout import wait_rolled_out
from sweep.running.kubectl import Kubectl, program
from sweep.running.waiting import Wait

HERE = Path(__file__).parent
NAMESPACE = "chokepoint"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Its control plane, the stand-in for its node, and kubectl in the namespace of k8s/base."""
    from tests.cluster.control_plane import control_plane

    folder = tmp_path_factory.mktemp("cluster")
    with control_plane(folder) as (plane, stand_in), pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(plane.kubeconfig))
        words = [program(), "--context=here", "apply", f"--kustomize={HERE / 'v1-20'}"]
        subprocess.run(words, check=True, env=os.environ)
        kubectl = Kubectl("here", NAMESPACE)
        selector = "app.kubernetes.io/name=target"
        wait = Wait(began=time.monotonic(), seconds=120, budget_ends=math.inf)
        wait_rolled_out(kubectl, "target", selector, wait=wait, report=lambda text: None)
        yield SimpleNamespace(plane=plane, stand_in=stand_in, kubectl=kubectl)
