"""Which leavings in a cluster are those of a process of this machine that has ended."""

import subprocess
import sys

import pytest

from fake_cluster import FakeCluster, deployment
from sweep.deployments.clusters.clone import own_labels
from sweep.running.in_clusters import CLONE_LABEL
from sweep.running.kubectl import Kubectl
from sweep.running.left_in_cluster import BY_LABEL, made_by, remove_left


def test_what_others_and_living_processes_made_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = FakeCluster()
    monkeypatch.setattr(Kubectl, "run", lambda self, *words, **given: cluster.run(self, *words, **given))
    machine, pid, born = made_by().split("-")
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    made = {
        "killed": f"{machine}-{ended.pid}-{born}",
        "its-number-is-another's": f"{machine}-{pid}-{int(born) - 90}",
        "at-work": made_by(),
        "elsewhere": f"{'0' * 12}-{ended.pid}-{born}",
        "odd": "x",
    }
    assert own_labels("n", "r")[BY_LABEL] == made_by()
    for name, label in made.items():
        labels = {CLONE_LABEL: name, BY_LABEL: label}
        cluster.deployments[name] = deployment(metadata={"name": name, "labels": labels})
    assert remove_left(Kubectl("east", "prod")) == ["its-number-is-another's", "killed"]
    assert set(cluster.deployments) == {"rag", "at-work", "elsewhere", "odd"}
    assert {words[1] for words in cluster.told if words[0] == "delete"} == {"deployment"}
    assert remove_left(Kubectl("east", "prod")) == []
