"""A cell is finished once all that was seen beside its requests is in its folder, and not before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from records.cells.cell import Cell, Check
from records.cells.layout import beside
from records.cells.other_programs import OtherProgram
from records.cells.reader import read_run
from records.cells.request import RequestRecord
from records.errors import RecordError
from records.evidence.limits import CellLimits
from records.evidence.pods import CellPods
from records.files import write_json
from records.services.served import Served
from sweep.deployments.protocol import Endpoint
from sweep.measuring import cell, evidence
from sweep.measuring.cell import finished, measure
from sweep.measuring.parts import seal, set_aside, spec_of
from sweep.measuring.workplace import Workplace
from sweep.running.cpus import Cpus
from sweep.running.ledger import Ledger
from sweep.running.watched import Watched
from sweep_world import plan_of

PLAN = plan_of("it=url:http://h")
KEY = next(iter(PLAN.cells()))


class Killed(BaseException):
    """What no handler of errors catches, as a signal."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    """Whose load ends at once, with one answer."""
    divided = Cpus(mode="auto", load=(0,), target=(1,))
    place = Workplace(run=tmp_path, plan=PLAN, ledger=Ledger(tmp_path / "l"), llm=None, cpus=divided)
    monkeypatch.setattr(cell, "_load", lambda place, key, *_: ended(place.folder(key)))
    return place


def ended(folder: Path) -> tuple[int, None]:
    folder.mkdir(parents=True)
    named: dict[str, Any] = {"deployment": "it", "config": "as-is", "concurrency": 1, "repeat": 1}
    write_json(folder / "cell.json", Cell(**named, complete=True).to_json())
    one = RequestRecord(
        run="t", cell="c", worker="w", region="", user=0, seq=1, sent_at_ns=5, ended_at_ns=9, outcome="ok"
    )  # fmt: skip
    (folder / "requests.jsonl").write_bytes(one.encode())
    for name in ("locust.log", "probes.jsonl", "link-far.log"):
        beside(folder, name).write_bytes(b"")
    return 0, None


@pytest.fixture
def endpoint(tmp_path: Path) -> Endpoint:
    inside = tmp_path / "targets" / "inside"
    inside.mkdir(parents=True)
    (inside / "1.jsonl").write_bytes(orjson.dumps({"at_ns": 7}) + b"\n")
    return Endpoint(base_url="http://h", inside=inside)


@pytest.mark.parametrize("step", ["collect", "with_added", "copy_between"])
def test_a_kill_before_all_is_kept_leaves_no_cell_that_is_taken_for_whole(
    place: Workplace, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def killed(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as here:
        here.setattr(evidence, step, killed)
        with pytest.raises(Killed):
            measure(place, KEY, endpoint)
    write_json(place.run / "run.json", {"schema_version": 1})
    assert read_run(place.run).incomplete == (KEY.path,)
    assert read_run(place.folder(KEY)).incomplete == (KEY.path,)
    with pytest.raises(RecordError, match="before all that was seen"):  # and so it is measured again
        finished(place, KEY)
    measure(place, KEY, endpoint)
    assert finished(place, KEY) is not None
    folder = place.folder(KEY)
    kept = {"cell.json", "requests.jsonl", "locust.log", "probes.jsonl", "link-far.log"}
    assert {path.name for path in folder.iterdir()} == kept | {"inside.jsonl"}
    assert {path.name for path in folder.parent.iterdir()} == {folder.name, f"{folder.name}.partial-1"}
    assert {path.name for path in folder.with_name(f"{folder.name}.partial-1").iterdir()} == kept


@pytest.mark.parametrize("elsewhere", [False, True])
def test_who_else_was_at_work_here_is_in_the_record_that_is_sealed(
    place: Workplace, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, elsewhere: bool
) -> None:
    """A kill just after that loses no name. A load that is made elsewhere is kept from no CPU here."""
    make = OtherProgram(name="make", pid=7, cores=0.95)

    def killed(folder: Path) -> None:
        seal(folder)
        raise Killed

    monkeypatch.setattr(evidence, "busiest", lambda *_: (make,))
    monkeypatch.setattr(cell, "seal", killed)
    load: Any = SimpleNamespace(place="east") if elsewhere else None
    with pytest.raises(Killed):
        measure(place, KEY, replace(endpoint, load=load))
    data = finished(place, KEY)
    assert data is not None
    assert data.cell.other_programs == (None if elsewhere else (make,))


def test_what_a_load_that_never_began_left_is_no_part_of_the_next(place: Workplace) -> None:
    folder = place.folder(KEY)
    folder.parent.mkdir(parents=True)
    beside(folder, "probes.jsonl").write_bytes(b"of before")
    measure(place, KEY, Endpoint(base_url="http://h"))
    assert (folder / "probes.jsonl").read_bytes() == b""
    assert (folder.with_name(f"{folder.name}.partial-1") / "probes.jsonl").read_bytes() == b"of before"


def test_a_cell_is_set_aside_whole_before_it_counts_as_gone(place: Workplace) -> None:
    folder = place.folder(KEY)
    ended(folder)
    spec_of(folder).write_bytes(b"{}")
    aside = set_aside(folder)
    assert (aside / "locust.log").exists()
    assert [path.name for path in folder.parent.iterdir()] == [aside.name]


def test_what_is_seen_elsewhere_is_the_limits_of_a_cell_with_what_the_app_sees_itself(
    place: Workplace, endpoint: Endpoint
) -> None:
    pods = CellPods(context="east", namespace="n", deployment="d", of="d", via="forward", replicas=2)
    seen = Watched(
        checks=(Check(name="port-forward", status="fail"),),
        pods=pods,
        limits=CellLimits(by="kubernetes", replicas=2),
    )
    given: list[Any] = []

    def end(requests: Any) -> Watched:
        given.append(requests())
        return seen

    watch: Any = SimpleNamespace(begin=lambda via: None, end=end, notes=list)
    served = Served(sees={"torch_threads": 2})
    data = measure(place, KEY, replace(endpoint, watch=watch, served=served))
    assert CellLimits.read(data.path) == CellLimits(by="kubernetes", replicas=2, sees={"torch_threads": 2})
    assert CellPods.read(data.path) == pods
    assert given == [data.requests]
    assert "port-forward" in [check.name for check in data.cell.verdict.failures]
