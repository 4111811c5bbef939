"""What a sweep adds to a cell's record, once it knows who else was at work."""

from pathlib import Path

from records.cells.cell import Cell, Check, Verdict
from records.cells.other_programs import OtherProgram
from records.cells.reader import read_cell
from records.files import write_json
from sweep.deployments.protocol import Endpoint
from sweep.measuring.added import with_added
from workloads.checks.advice import advised
from workloads.judge import MAY_BE_WHY


def test_a_cell_that_was_not_steady_beside_other_programs_says_that_they_may_be_why(tmp_path: Path) -> None:
    unsteady = advised(Check(name="steady-state", status="fail", text="5, then 9"), "give it more time")
    verdict = Verdict(checks=(unsteady,))
    cell = Cell(deployment="d", config="c", concurrency=1, repeat=1, complete=True, verdict=verdict)
    write_json(tmp_path / "cell.json", cell.to_json())
    (tmp_path / "requests.jsonl").write_text("")
    endpoint, make = Endpoint(base_url="http://h"), OtherProgram(name="make", pid=7, cores=0.95)
    assert with_added(tmp_path, endpoint).cell.verdict == verdict
    [found] = with_added(tmp_path, endpoint, programs=(make,)).cell.verdict.checks
    assert found.text == f"5, then 9; {MAY_BE_WHY}; else give it more time"
    assert read_cell(tmp_path).cell.verdict.checks == (found,)
