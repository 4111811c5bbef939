"""A process of ours that ends in a cell's time: that is not the service's doing, and is measured again."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from records.cells.cell import Cell, Check, Verdict
from records.cells.reader import CellData, read_cell
from records.files import read_json, write_json
from support import wait_until
from sweep.beside.ended import Ended
from sweep.beside.links import linked
from sweep.beside.llm import LlmServer
from sweep.beside.probing import probing
from sweep.choosing.again import failed_by_target, spoiled
from sweep.deployments.protocol import Endpoint
from sweep.measuring import cell, directory
from sweep.measuring.added import with_added
from sweep.measuring.cell import measure
from sweep.measuring.workplace import Workplace
from sweep.planning.cell_key import CellKey
from sweep.running.cpus import Cpus
from sweep.running.ledger import Ledger
from sweep_world import World, plan_of, planned, swept_aloud

CPUS = Cpus(mode="shared", load=(0,), target=(0,))
KILLED = "was killed by SIGKILL"


def _has_ended(child: psutil.Process) -> bool:
    """With all its threads: before that nobody can know how."""
    return child.status() == psutil.STATUS_ZOMBIE and child.num_threads() == 1


def kill_children() -> None:
    for child in psutil.Process().children(recursive=True):
        child.kill()
        wait_until(lambda one=child: not one.is_running() or _has_ended(one))


def test_links_and_probes_that_are_killed_are_told_of(tmp_path: Path) -> None:
    plan, ended = plan_of("it=url:http://127.0.0.1:9", regions="far=1ms", probes=True), Ended()
    url, files = "http://127.0.0.1:9", {"output": tmp_path / "p", "log": tmp_path / "probes.log"}
    common: dict[str, Any] = {"ledger": Ledger(tmp_path / "l"), "cpus": CPUS, "ended": ended}
    with (
        linked(plan, url, os.environ, log_of=lambda region: tmp_path / region, seed="1", **common),
        probing(plan, "it", url, **files, **common),
    ):
        kill_children()
    assert (ended.helpers, ended.watchers) == (
        [f"the link of far {KILLED}"],
        [f"the probing process {KILLED}"],
    )


def test_an_llm_server_that_is_gone_is_told_of_and_is_there_again(tmp_path: Path) -> None:
    llm, ended = LlmServer(tmp_path, Ledger(tmp_path / "l")), Ended()
    url = llm.start()
    try:
        llm.ended(ended)
        assert not ended.helpers
        kill_children()
        llm.ended(ended)
        assert ended.helpers == [f"the LLM server {KILLED}"]
        assert llm.start() == url
    finally:
        llm.stop()


@pytest.mark.parametrize("begun", [True, False])
def test_a_load_that_was_killed_leaves_an_invalid_cell_to_measure_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: bool
) -> None:
    plan = plan_of("it=url:http://h")
    place = Workplace(run=tmp_path, plan=plan, ledger=Ledger(tmp_path / "l"), llm=None, cpus=CPUS)
    key = plan.cells()[0]

    class Killed:
        def how_ended(self) -> str:
            return KILLED

    def load(place: Workplace, key: CellKey, *_: Any) -> tuple[int, Any]:
        if begun:
            place.folder(key).mkdir(parents=True)
            write_json(place.folder(key) / "cell.json", of(key).to_json())
        return -signal.SIGKILL, Killed()

    monkeypatch.setattr(cell, "_load", load)
    data = measure(place, key, Endpoint(base_url="http://h"))
    assert not data.cell.complete
    assert spoiled(data.cell, place.plan) == f"locust {KILLED}"
    assert read_cell(place.folder(key)).cell == data.cell
    assert data.cell.name == key.path


def of(key: CellKey) -> Cell:
    return Cell(deployment=key.deployment, config=key.config, concurrency=key.concurrency, repeat=key.repeat)


def test_it_is_measured_again_by_the_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(knee=35)
    whole = world.measure

    def measure(place: Workplace, key: CellKey, endpoint: Endpoint) -> CellData:
        data = whole(place, key, endpoint)
        if key.concurrency == 2 and world.measured.count(key.path) == 1:
            bare = replace(data.cell, complete=False, achieved={}, verdict=Verdict())
            write_json(data.path / "cell.json", bare.to_json())
            gone = Ended(helpers=["locust was killed"], watchers=["the probes were"])
            return with_added(data.path, endpoint, checks=gone.checks())
        return data

    monkeypatch.setattr(world, "measure", measure)
    path = directory.create(tmp_path, "t", planned(levels=(1, 2), auto=False, repeats=1))
    _, printed = swept_aloud(path, world, monkeypatch)
    assert world.measured.count("it/as-is/c02-r1") == 2
    assert "INVALID: " in printed
    assert "it/as-is/c02-r1: the probes were: what would have been seen" in printed
    assert read_json(path / "cells/it/as-is/c02-r1.try-1/cell.json")["verdict"]["valid"] is False
    assert read_json(path / "run.json")["not_measured_again"] == []


@pytest.mark.parametrize(
    ("failed", "again", "target"),
    [
        (["helpers", "failures"], "helpers x", None),
        (["workers", "concurrency"], "workers x", None),
        (["helpers", "target-ended"], None, None),
        (["failures"], None, "failures x"),
    ],
)
def test_whatever_else_failed_follows_from_it(
    failed: list[str], again: str | None, target: str | None
) -> None:
    checks = tuple(Check(name=name, status="fail", text=f"{name} x") for name in failed)
    plan = plan_of("it=url:http://h")
    judged = replace(of(plan.cells()[0]), verdict=Verdict(checks=checks))
    assert (spoiled(judged, plan), failed_by_target(judged)) == (again, target)
