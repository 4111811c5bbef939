"""The cell's folder and the line that says whether to believe it."""

import os
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from loadgen.adapter.parser import add_arguments
from loadgen.client.http import Origin
from loadgen.engine.options import LoadOptions
from loadgen.engine.settings import settings, task_of
from loadgen.process.cellfile import CellFile
from loadgen.process.expected import Expected
from loadgen.process.observed import Observed
from loadgen.process.requested import asked, fresh_folder
from loadgen.process.verdict_line import verdict_line
from loadgen.shapes.level_log import LevelLog
from loadgen.tasks.ask.options import AskOptions
from loadgen.tasks.ask.task import ASK
from records.cells.cell import Cell, Check, Verdict, Window
from records.cells.cell_spec import CellSpec
from records.cells.cpus import CLUSTER
from records.cells.folders import is_complete
from records.cells.reader import read_cell
from records.cells.request import RequestRecord
from records.errors import UsageError
from records.evidence.noise import Noise
from records.files import write_json
from records.services.served import Served
from support import OptionParser
from workloads.catalogue import checks_that
from workloads.checks.facts import Apart


def test_a_folder_is_never_used_twice(tmp_path: Path) -> None:
    wanted = str(tmp_path / "r")
    first = fresh_folder(wanted, again=False)
    (first / "requests.jsonl").write_text("{}\n")
    with pytest.raises(UsageError, match="is not empty"):
        fresh_folder(wanted, again=False)
    assert [fresh_folder(wanted, again=True).name for _ in range(2)] == ["r-2", "r-3"]


def cell(*checks: Check, complete: bool = True) -> Cell:
    return Cell(
        deployment="d", config="as-is", concurrency=1, repeat=1, requested={}, complete=complete,
        verdict=Verdict(checks=checks),
    )  # fmt: skip


def test_the_verdict_is_one_line() -> None:
    good = Check(name="workers", status="pass", text="2 of 2")
    absent = Check(name="retrieval", status="n/a", text="none asked for")
    bad = Check(name="failures", status="fail", text="3 of 9 requests failed")
    late = Check(name="generator-lag", status="fail", text="50.0 ms late")
    unverified = Check(name="tls", status="n/a", figure="insecure", text="nobody verified it")
    failed, ended = "failures: 3 of 9 requests failed", "the run ended before its planned end"
    for found, said in [
        (cell(good, absent), "valid: 1 checks passed; not applicable: retrieval"),
        (cell(good, good), "valid: 2 checks passed"),
        (cell(replace(bad, text="\x1b[2J\x07")), "invalid: failures: \\x1b[2J\\x07"),
        (cell(good, bad, late), f"invalid: {failed}; generator-lag: 50.0 ms late"),
        (cell(good, complete=False), f"incomplete: {ended}; until then 1 checks passed"),
        (cell(bad, complete=False), f"invalid: {failed}; {ended}"),
        (cell(bad, absent, unverified), f"invalid: {failed}; tls: nobody verified it"),
        (cell(good, unverified), "valid: 1 checks passed; not applicable: tls; tls: nobody verified it"),
    ]:
        assert verdict_line(found) == said
    for name in checks_that(lambda check: check.worth_telling):
        told = Check(name=name, status="n/a", text="5 of 9 good answers")
        assert verdict_line(cell(good, told)).endswith(f"; {name}: 5 of 9 good answers")


def options(*words: str) -> Namespace:
    parser = OptionParser()
    add_arguments(parser, LoadOptions, AskOptions)
    return parser.parse_args(words)


def cell_file(run: Path, spec: CellSpec, served: Served, environment: dict[str, str]) -> CellFile:
    wanted = settings(options(), environment)
    write_json(run / "spec", spec.to_json())
    expected = Expected.read(str(run / "spec"), wanted.redaction)
    folder = run / "cells/local/four/c01-r2"
    folder.mkdir(parents=True)
    task, origin = task_of(ASK, options(), wanted), Origin("http://h:1")
    begun = asked(wanted, task, 1, served, origin, run_time_s=1.0, shape=None, shape_options={})
    return CellFile(folder, begun, wanted, served, task=task, expected=expected)


def observed(*, complete: bool = True) -> Observed:
    return Observed(
        window=Window(start_ns=0, end_ns=10), load_workers=(), workers_expected=1, workers_fewest=1,
        connects=1, connect_ms=None, noise=Noise(steal_percent=0.0), complete=complete,
    )  # fmt: skip


@pytest.mark.parametrize("ended", [True, False])
def test_a_cell_is_judged_once_by_what_was_expected_of_it_and_only_then_complete(
    tmp_path: Path, record: Any, ended: bool
) -> None:
    samples = tmp_path / "samples"
    samples.write_text("".join(f'{{"at_ns": {n * 10**9}, "profiler": {{}}}}\n' for n in range(3)))
    spec = CellSpec(
        deployment="local", config="four", point={"users": 1}, repeat=2, earlier_tries=1, pids=(os.getpid(),),
        expected_settings={"KEY_FILE": "of-secret-12345678", "N": "4"}, cpus={"mode": "shared"},
        samples=str(samples), interval_s=0.5,
    )  # fmt: skip
    served = Served(config="custom", settings={"KEY_FILE": "***", "N": 5})
    file = cell_file(tmp_path, spec, served, {"TARGET_API_KEY": "of-secret-12345678"})
    assert not is_complete(tmp_path, file.folder)
    one: RequestRecord = record(seq=1, config=None)
    file.append(one.encode())
    file.append(one.encode())  # shipped again
    finished = file.finish(observed(complete=ended), LevelLog())
    assert is_complete(tmp_path, file.folder) is ended
    data = read_cell(file.folder)
    assert data.cell == finished.cell
    assert data.cell.requested["cpus"] == {"mode": "shared"}
    assert (data.cell.achieved["records"], data.cell.achieved["repeated"]) == (1, 1)
    assert data.cell.achieved["earlier_tries"] == 1
    assert data.cell.achieved["noise"].keys() >= {"steal_percent", "target_delay_percent"}
    checks = {check.name: check for check in data.cell.verdict.checks}
    assert checks["configuration"].text.startswith("settings not in effect: N=5; ")
    assert (checks["profiler"].status, checks["profiler"].figure) == ("fail", 2.0)


def test_where_no_profiler_runs_none_is_held_to_its_interval() -> None:
    spec = CellSpec(deployment="d", config="c", point={"users": 1}, repeat=1, interval_s=0.5)
    assert Expected(spec, settings(options(), {}).redaction).facts()["profiler_s"] is None


@pytest.mark.parametrize(("cpus", "quota", "apart"), [
    ({"load": [0], "target": [1]}, False, Apart.OWN), ({"load": [0], "target": [0]}, False, Apart.ONE_CPU),
    ({"load": [0, 1], "target": [0, 1]}, False, Apart.SHARED),
    ({"load": [0, 1], "target": [0, 1]}, True, Apart.QUOTA),
    ({"load": [0, 1], "target": None}, True, Apart.NOT_OURS), ({}, False, Apart.NOT_OURS),
    ({"mode": CLUSTER, "load": [], "target": None}, False, Apart.CLUSTER),
])  # fmt: skip
@pytest.mark.parametrize("divisible", [True, False])
def test_a_load_knows_whether_it_could_be_kept_apart(
    cpus: Any, quota: bool, apart: Apart, divisible: bool
) -> None:
    spec = CellSpec(
        deployment="d",
        config="c",
        point={"users": 1},
        repeat=1,
        cpus=cpus,
        quota=quota,
        divisible=divisible,
    )
    apart = Apart.TOO_FEW if apart is Apart.SHARED and not divisible else apart
    assert Expected(spec, settings(options(), {}).redaction).facts()["apart"] is apart


def test_a_file_that_says_of_no_cell_what_it_is_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "spec").write_text("{}")
    redaction = settings(options(), {}).redaction
    for name, said in (
        ("spec", " .* says of no cell"),
        ("gone", " .* is missing"),
        ("", " .*is a directory"),
    ):
        with pytest.raises(UsageError, match=f"--cell-spec:?{said}"):
            Expected.read(str(tmp_path / name), redaction)


@pytest.mark.parametrize(("words", "status"), [([], "fail"), (["--no-rag"], "n/a")])
def test_the_scenario_says_what_its_checks_are_to_know(
    tmp_path: Path, record: Any, words: list[str], status: str
) -> None:
    """Of what it asks, the cell's file itself knows no option by name."""
    given = options(*words)
    wanted, served, origin = settings(given, {}), Served(), Origin("http://h:1")
    task = task_of(ASK, given, wanted)
    begun = asked(wanted, task, 1, served, origin, run_time_s=1.0, shape=None, shape_options={})
    file = CellFile(tmp_path, replace(begun, requested={}), wanted, served, task=task)
    one: RequestRecord = record(documents=0, first_token_at_ns=5)
    file.append(one.encode())
    checks = file.finish(observed(), LevelLog()).cell.verdict.checks
    assert next(check.status for check in checks if check.name == "retrieval") == status
