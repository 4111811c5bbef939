"""A way into a cluster that may end: it is begun again, its cost is measured, and the cell says so."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from records.cells.cell import Cell, Check, Verdict
from records.cells.reader import read_cell
from records.files import write_json
from support import Listener, wait_until
from sweep.choosing.again import spoiled
from sweep.deployments.clusters.forward import Forward
from sweep.deployments.clusters.forward_cost import forward_cost, in_words
from sweep.deployments.protocol import Endpoint
from sweep.measuring.added import with_added
from sweep.running import kubectl
from sweep.running.kubectl import Kubectl, KubectlError
from sweep_world import plan_of
from workloads.checks.run import port_forward


def test_it_is_begun_again_and_ends_with_its_target(fake_kubectl: Any, setup_of: Any) -> None:
    program = "import sys\nprint(*sys.argv[1:])\nsys.exit('error: lost connection')\n"
    fake_kubectl(f"#!{sys.executable}\n{program}")
    setup = setup_of()
    east = kubectl.Kubectl("east", "prod")
    forward = Forward(east, "rag-1", 8001, log=setup.log, ledger=setup.ledger, cpus=setup.cpus)
    try:
        wait_until(lambda: forward.ends() >= 2)
        port = forward.base_url.rpartition(":")[2]
        said = "--context east --namespace prod port-forward --address=127.0.0.1 pod/rag-1"
        assert f"{said} {port}:8001" in forward.log.read_text()
        assert forward.last_words() == "error: lost connection"
    finally:
        forward.stop()
    assert forward._kept.exit_code() is not None


def test_what_a_port_forward_costs_is_measured_on_both_sides(
    trap: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the pod is this machine, and the forward a server that takes 30 ms more."""
    pod = trap(lambda talk: None)
    slow = Listener(
        lambda connection: (time.sleep(0.03), connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n"), None)[2]
    )

    def run(self: Kubectl, *words: str, **_: Any) -> str:
        if "python3" in words:
            raise KubectlError("exec: no such program: python3")
        return subprocess.run([sys.executable, *words[5:]], capture_output=True, check=True).stdout.decode()

    monkeypatch.setattr(Kubectl, "run", run)
    to: dict[str, Any] = {"local": slow.port, "port": pod.port, "path": "/health"}
    try:
        found = forward_cost(Kubectl("east", "prod"), "p", "app", **to)
        assert found.more_ms is not None
        assert 15 < found.more_ms < 200
        assert f"{found.more_ms:.1f} ms are the way's own" in in_words(found)
        monkeypatch.setattr(Kubectl, "run", lambda *_, **__: "[]")
        assert "said no times" in forward_cost(Kubectl("east", "prod"), "p", "app", **to).unmeasured
    finally:
        slow.close()
    assert "nothing came through it" in forward_cost(Kubectl("east", "prod"), "p", "app", **to).unmeasured


def test_its_cell_is_not_valid_and_is_measured_again(tmp_path: Path) -> None:
    good = Verdict(checks=(Check(name="workers", status="pass"),))
    cell = Cell(deployment="d", config="c", concurrency=1, repeat=1, complete=True, verdict=good)
    write_json(tmp_path / "cell.json", cell.to_json())
    (tmp_path / "requests.jsonl").write_text("")
    endpoint = Endpoint(base_url="http://h")
    assert with_added(tmp_path, endpoint).cell.verdict.valid
    marked = with_added(tmp_path, endpoint, checks=(port_forward(2),)).cell
    assert not marked.verdict.valid
    assert read_cell(tmp_path).cell.verdict == marked.verdict
    assert spoiled(marked, plan_of("local")) == "the port-forward ended 2 times in the cell's time"
