"""A port-forward that ends is begun again, and the cell in whose time it ended says so."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from records.cells.cell import Cell, Check, Verdict
from records.cells.reader import read_cell
from records.files import write_json
from support import wait_until
from sweep.choosing.again import spoiled
from sweep.deployments.clusters.forward import Forward
from sweep.deployments.protocol import Endpoint, Setup
from sweep.measuring.watched import watched
from sweep.running import kubectl
from workloads.checks.run import port_forward


def test_it_is_begun_again_and_ends_with_its_target(
    fake_kubectl: Any, setup_of: Callable[..., Setup]
) -> None:
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


def test_its_cell_is_not_valid_and_is_measured_again(tmp_path: Path) -> None:
    good = Verdict(checks=(Check(name="workers", status="pass"),))
    cell = Cell(deployment="d", config="c", concurrency=1, repeat=1, complete=True, verdict=good)
    write_json(tmp_path / "cell.json", cell.to_json())
    (tmp_path / "requests.jsonl").write_text("")
    assert watched(tmp_path, Endpoint(base_url="http://h")).cell.verdict.valid
    watch: Any = SimpleNamespace(end=lambda folder: (port_forward(2),), notes=list)
    marked = watched(tmp_path, Endpoint(base_url="http://h", watch=watch)).cell
    assert not marked.verdict.valid
    assert read_cell(tmp_path).cell.verdict == marked.verdict
    assert spoiled(marked) == "the port-forward ended 2 times in the cell's time"
