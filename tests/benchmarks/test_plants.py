"""The bench of planted bottlenecks: nothing names a plant in what the report is handed, and what is right."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
TELLING = ("plant", "target_app", "embed", "MockedEmbeddings", "search-pool", "PLANT", "/home")


@pytest.fixture
def plants(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The bench's modules, which are no package of ours."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from plants import blanking, case, catalogue, judging, matrix, sweeping

    return SimpleNamespace(
        blanking=blanking, case=case, catalogue=catalogue, judging=judging, matrix=matrix, sweeping=sweeping,
    )  # fmt: skip


def write(path: Path, *values: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(value) + "\n" for value in values))


def planted_run(run: Path) -> None:
    """As a sweep leaves one, with what names the plant in every place that may."""
    plan = {
        "name": "plant",
        "targets": [{"label": "plants.service", "spec": "run:uvicorn plants.service:app"}],
        "variants": [
            {"name": "healthy", "settings": {}},
            {"name": "planted", "settings": {"PLANT": "locked"}},
        ],
        "settings": {"PLANT": "locked"},
        "reference": "healthy",
        "locust_args": ["--questions", "/home/plant.txt"],
        "levels": [1, 20],
    }
    write(run / "run.json", {"schema_version": 1, "plan": plan, "planned": ["plants.service/planted/c20-r1"]})
    for variant in ("healthy", "planted"):
        folder = run / "cells" / "plants.service" / variant / "c20-r1"
        cell = {
            "deployment": "plants.service",
            "config": variant,
            "requested": {
                "host": "http://127.0.0.1:1",
                "set": {"PLANT": "locked"},
                "questions": "/home/plant.txt",
            },
            "settings": {"PLANT": "locked"},
            "paths": {"embed": "MockedEmbeddings@loop"},
            "verdict": {"checks": [{"name": "same-path", "status": "pass", "text": "embed ran as planted"}]},
        }
        write(folder / "cell.json", cell)
        stages = {
            "embed": {"queued_ms": 1.0, "running_ms": 2.0},
            "llm": {"queued_ms": 0.0, "running_ms": 9.0},
        }
        request = {"run": "plant", "cell": f"plants.service/{variant}/c20-r1", "config": "plant"}
        write(folder / "requests.jsonl", {**request, "stages": stages}, {**request, "stages": None})
        waits = {
            "kind": "lock", "at": "Lock.acquire", "where": "put.<locals>.embed (plants/put/locked.py:18)",
        }  # fmt: skip
        pools = [{"name": "search-pool", "busy": 1}, {"name": "uvloop", "busy": 0}]
        write(folder / "inside.jsonl", {"groups": [waits], "executors": pools})
        process = {"pid": 1, "name": "plants.service", "cpu_percent": 5.0}
        write(folder / "profile.jsonl", {"processes": {"process_details": [process]}})
        write(folder / "probes.jsonl", {"kind": "/ready"})
        write(folder / "llm.jsonl", {"request": 1})
        write(folder / "target.log", "plants")


def test_nothing_names_the_plant_in_the_copy(tmp_path: Path, plants: SimpleNamespace) -> None:
    planted_run(tmp_path / "run")
    copy = tmp_path / "copy"
    copy.mkdir()
    plants.blanking.Blanking().copy(tmp_path / "run", "planted", copy)
    files = {
        path.relative_to(copy).as_posix(): path.read_text() for path in copy.rglob("*") if path.is_file()
    }
    cell = "cells/service/as-is/c20-r1"
    names = ("cell.json", "requests.jsonl", "inside.jsonl", "profile.jsonl", "probes.jsonl", "llm.jsonl")
    assert set(files) == {"run.json", *(f"{cell}/{name}" for name in names)}  # no logs, no healthy side
    told = {(name, word) for name, text in files.items() for word in TELLING if word in text}
    assert not told
    request = json.loads(files[f"{cell}/requests.jsonl"].splitlines()[0])
    assert list(request["stages"]) == ["s1", "s2"]
    inside = json.loads(files[f"{cell}/inside.jsonl"])
    # What the library's own parts are called stays: by that a diagnosis may go.
    [group] = inside["groups"]
    assert group == {"kind": "lock", "at": "Lock.acquire", "where": "function_1 (module_1.py:18)"}
    assert [executor["name"] for executor in inside["executors"]] == ["pool-1", "uvloop"]


def judged(plants: SimpleNamespace, *codes: str, **changed: Any) -> Any:
    loss = plants.judging.Loss(value=0.5, low=0.4, high=0.6, compared=True)
    fields: dict[str, Any] = {"case": "one", "dose": "full", "right_codes": (("a", "b"),), "rps": loss}
    fields |= {
        "ttft": None,
        "findings": tuple({"code": code} for code in codes),
        "valid_cells": 8,
        "cells": 8,
    }
    return plants.judging.Judged(**(fields | changed))


def test_the_first_finding_has_to_be_right(plants: SimpleNamespace) -> None:
    assert judged(plants, "b", "c").right
    assert not judged(plants, "c", "b").right
    assert not judged(plants).right
    both = {"right_codes": (("a",), ("b",))}
    assert judged(plants, "c", "a", "b", **both).right  # both are found, the binding one first
    assert not judged(plants, "b", "a", **both).right
    assert not judged(plants, "a", **both).right


def test_a_case_counts_when_its_loss_is_real(plants: SimpleNamespace) -> None:
    loss = plants.judging.Loss
    assert judged(plants).counted
    unclear = loss(value=0.8, low=0.5, high=0.97, compared=True)
    small = loss(value=0.9, low=0.89, high=0.91, compared=True)
    slower = loss(value=1.3, low=1.1, high=1.5, compared=True)
    assert not judged(plants, rps=unclear).counted
    assert not judged(plants, rps=small).counted
    assert judged(plants, rps=small, ttft=slower).counted
    assert not judged(plants, spoiled_by=("generator-lag",)).counted
    assert not judged(plants, spoiled_by=("buffering",)).counted
    of_itself = {"own_faults": ("buffering",)}  # that is what was planted
    assert judged(plants, spoiled_by=("buffering",), **of_itself).counted
    assert judged(plants, rps=None, is_healthy=True).counted
    assert not judged(plants, rps=None, is_healthy=True, spoiled_by=("generator-lag",)).counted
    kept = plants.judging.Judged.from_json(json.loads(json.dumps(judged(plants, "a").to_json())))
    assert kept == judged(plants, "a")


def test_the_losses_are_planted_over_healthy(plants: SimpleNamespace) -> None:
    ratio = {"value": 0.5, "low": 0.25, "high": 0.8}
    compared = {"load": "40/s", "config": "planted", "rps": ratio, "ttft": ratio}
    heavy = plants.case.Case(name="n", right=(), planted=lambda _: None, rates=(2, 40)).heavy
    of_rps = plants.judging.loss({"comparisons": [compared]}, heavy, "rps")
    of_ttft = plants.judging.loss({"comparisons": [compared]}, heavy, "ttft")
    assert (of_rps.value, of_rps.low, of_rps.high) == (0.5, 0.25, 0.8)
    assert (of_ttft.value, of_ttft.low, of_ttft.high) == (2.0, 1.25, 4.0)


def test_each_case_can_be_swept_at_each_dose(tmp_path: Path, plants: SimpleNamespace) -> None:
    cases = plants.catalogue.CASES
    assert len({case.name for case in cases}) == len(cases)
    assert all(len(group) <= 2 for case in cases for group in case.right)
    for case in cases:
        for dose in plants.case.DOSES.values():
            planted, healthy = case.planted(dose), case.healthy(dose)
            assert case.is_healthy or planted != healthy
            if plant := planted.settings.get("PLANT"):
                assert (BENCHMARKS / "plants" / "put" / f"{plant}.py").is_file()
        assert "{port}" in " ".join(plants.sweeping.command(case, ["a:B=c"], "name", tmp_path))


def test_the_matrix_has_a_row_a_case(plants: SimpleNamespace) -> None:
    lines = plants.matrix.matrix([judged(plants, "b", "c"), judged(plants, case="two")]).splitlines()
    assert lines[2] == "| one | full | 0.50x (0.40-0.60) | - | yes | b | yes | c |"
    assert lines[3] == "| two | full | 0.50x (0.40-0.60) | - | yes | - | no | - |"
    assert "full dose: 2 of 2 cases count; the first finding is right in 1." in lines[5]


def test_a_field_that_would_tell_is_not_handed_over(tmp_path: Path, plants: SimpleNamespace) -> None:
    planted_run(tmp_path / "run")
    [cell] = (tmp_path / "run").glob("cells/*/planted/*/cell.json")
    write(cell, {**json.loads(cell.read_text()), "something_new": "PLANT=locked"})
    copy = tmp_path / "copy"
    copy.mkdir()
    with pytest.raises(plants.blanking.TellingError, match=r"plant in cell\.json"):
        plants.blanking.Blanking().copy(tmp_path / "run", "planted", copy)


def test_each_cell_gets_what_its_llm_server_sent_meanwhile(tmp_path: Path, plants: SimpleNamespace) -> None:
    sent = [{"request": number, "received_at_ns": 1000 * number} for number in range(1, 7)]
    write(tmp_path / "llm-planted.jsonl", *sent)
    for name, began, ended in (("c01-r1", 1500, 3500), ("c20-r1", 3600, 5000)):
        asked = (
            {"sent_at_ns": began, "ended_at_ns": began + 9},
            {"sent_at_ns": began + 5, "ended_at_ns": ended},
        )
        write(tmp_path / "cells" / "app" / "planted" / name / "requests.jsonl", *asked)
    plants.sweeping._share_out(tmp_path / "llm-planted.jsonl", tmp_path, "planted")
    found = {
        path.parent.name: [json.loads(line)["request"] for line in path.read_text().splitlines()]
        for path in tmp_path.glob("cells/*/*/*/llm.jsonl")
    }
    assert found == {"c01-r1": [2, 3], "c20-r1": [4, 5]}
