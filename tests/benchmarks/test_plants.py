"""The bench of planted bottlenecks: nothing names a plant in what the report is handed, and what is right."""

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from support import rows

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
TELLING = ("plant", "target_app", "embed", "MockedEmbeddings", "search-pool", "PLANT", "/home")


@pytest.fixture
def plants(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The bench's modules, which are no package of ours."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import ladder
    from plants import blanking, case, catalogue, judging, laddered, matrix, sweeping

    return SimpleNamespace(
        blanking=blanking, case=case, catalogue=catalogue, judging=judging, matrix=matrix, sweeping=sweeping,
        ladder=ladder, laddered=laddered,
    )  # fmt: skip


def write(path: Path, *values: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(value) + "\n" for value in values))


def planted_run(run: Path) -> None:
    """As a sweep leaves one, with what names the plant in every place that may."""
    planted = {"PLANT": "locked"}
    variants = [{"name": "healthy", "settings": {}}, {"name": "planted", "settings": planted}]
    plan = {
        "name": "plant", "targets": [{"label": "plants.service", "spec": "run:uvicorn plants.service:app"}],
        "variants": variants, "settings": planted, "reference": "healthy", "levels": [1, 20],
        "locust_args": ["--questions", "/home/plant.txt"],
    }  # fmt: skip
    write(run / "run.json", {"schema_version": 1, "plan": plan, "planned": ["plants.service/planted/c20-r1"]})
    for variant in ("healthy", "planted"):
        folder = run / "cells" / "plants.service" / variant / "c20-r1"
        check = {"name": "same-path", "status": "pass", "text": "embed ran as planted"}
        requested = {"host": "http://127.0.0.1:1", "set": planted, "questions": "/home/plant.txt"}
        cell = {
            "deployment": "plants.service", "config": variant, "requested": requested, "settings": planted,
            "paths": {"embed": "MockedEmbeddings@loop"}, "verdict": {"checks": [check]},
        }  # fmt: skip
        write(folder / "cell.json", cell)
        stages = {"embed": {"running_ms": 2.0}, "llm": {"queued_ms": 0.0, "running_ms": 9.0}}
        request = {"run": "plant", "cell": f"plants.service/{variant}/c20-r1", "config": "plant"}
        write(folder / "requests.jsonl", {**request, "stages": stages}, {**request, "stages": None})
        waits = {
            "kind": "lock",
            "at": "Lock.acquire",
            "where": "put.<locals>.embed (plants/put/locked.py:18)",
        }
        pools = [{"name": "search-pool", "busy": 1}, {"name": "uvloop", "busy": 0}]
        write(folder / "inside.jsonl", {"groups": [waits], "executors": pools})
        process = {"pid": 1, "name": "plants.service", "cpu_percent": 5.0}
        write(folder / "profile.jsonl", {"processes": {"process_details": [process]}})
        write(folder / "probes.jsonl", {"kind": "/ready"})
        write(folder / "llm.jsonl", {"request": 1})
        write(folder / "target.log", "plants")


def copied(plants: SimpleNamespace, folder: Path) -> dict[str, str]:
    """What is handed on of the planted side, by name."""
    (copy := folder / "copy").mkdir()
    plants.blanking.Blanking().copy(folder / "run", "planted", copy)
    return {one.relative_to(copy).as_posix(): one.read_text() for one in copy.rglob("*") if one.is_file()}


def test_nothing_names_the_plant_in_the_copy(tmp_path: Path, plants: SimpleNamespace) -> None:
    planted_run(tmp_path / "run")
    files = copied(plants, tmp_path)
    cell = "cells/service/as-is/c20-r1"
    names = ("cell.json", "requests.jsonl", "inside.jsonl", "profile.jsonl", "probes.jsonl", "llm.jsonl")
    assert set(files) == {"run.json", *(f"{cell}/{name}" for name in names)}  # no logs, no healthy side
    assert not {(name, word) for name, text in files.items() for word in TELLING if word in text}
    request = json.loads(files[f"{cell}/requests.jsonl"].splitlines()[0])
    assert list(request["stages"]) == ["s1", "s2"]
    inside = json.loads(files[f"{cell}/inside.jsonl"])
    # What the library's own parts are called stays: by that a diagnosis may go.
    [group] = inside["groups"]
    assert group == {"kind": "lock", "at": "Lock.acquire", "where": "function_1 (module_1.py:18)"}
    assert [executor["name"] for executor in inside["executors"]] == ["pool-1", "uvloop"]


def test_nor_does_the_name_of_what_runs_as_a_file(tmp_path: Path, plants: SimpleNamespace) -> None:
    """It has no folder before it, and the deployment is called by it."""
    planted_run(tmp_path / "run")
    inside = next((tmp_path / "run").glob("cells/*/planted/*/inside.jsonl"))
    inside.write_text(inside.read_text().replace("plants/put/locked.py", "front.py"))
    meta = json.loads((tmp_path / "run/run.json").read_text())
    meta["plan"]["targets"][0]["label"] = "front.py"
    (tmp_path / "run/run.json").write_text(json.dumps(meta))
    assert not [name for name, text in copied(plants, tmp_path).items() if "front" in text]


def judged(plants: SimpleNamespace, *codes: str, **changed: Any) -> Any:
    known: dict[str, Any] = {
        "case": "one", "dose": "full", "right_codes": (("a", "b"),), "rps": loss(plants, 0.5, 0.4, 0.6),
        "ttft": None, "findings": tuple({"code": code} for code in codes), "valid_cells": 8, "cells": 8,
    }  # fmt: skip
    return plants.judging.Judged(**(known | changed))


def loss(plants: SimpleNamespace, value: float, low: float, high: float) -> Any:
    return plants.judging.Loss(value=value, low=low, high=high, compared=True)


@pytest.mark.parametrize(("right_codes", "found", "right"), [
    ((("a", "b"),), "bc", True), ((("a", "b"),), "cb", False), ((("a", "b"),), "", False),
    # both are found, the binding one first
    ((("a",), ("b",)), "cab", True), ((("a",), ("b",)), "ba", False), ((("a",), ("b",)), "a", False),
])  # fmt: skip
def test_the_first_finding_has_to_be_right(
    plants: SimpleNamespace, right_codes: tuple[tuple[str, ...], ...], found: str, right: bool
) -> None:
    assert judged(plants, *found, right_codes=right_codes).right is right


SPOILED = {"spoiled_by": ("generator-lag",)}
BUFFERED = {"spoiled_by": ("buffering",)}
SMALL, SLOWER = (0.9, 0.89, 0.91), (1.3, 1.1, 1.5)


@pytest.mark.parametrize(("changes", "rps", "ttft", "counted"), [
    ({}, (0.5, 0.4, 0.6), None, True), ({}, (0.8, 0.5, 0.97), None, False),  # unclear
    ({}, SMALL, None, False), ({}, SMALL, SLOWER, True), (SPOILED, (0.5, 0.4, 0.6), None, False),
    (BUFFERED, (0.5, 0.4, 0.6), None, False),
    (BUFFERED | {"own_faults": ("buffering",)}, (0.5, 0.4, 0.6), None, True),  # that is what was planted
    ({"is_healthy": True}, None, None, True), (SPOILED | {"is_healthy": True}, None, None, False),
])  # fmt: skip
def test_a_case_counts_when_its_loss_is_real(
    plants: SimpleNamespace, changes: dict[str, Any], rps: Any, ttft: Any, counted: bool
) -> None:
    losses = {name: of and loss(plants, *of) for name, of in (("rps", rps), ("ttft", ttft))}
    found = judged(plants, "a", **losses, **changes)
    assert found.counted is counted
    assert plants.judging.Judged.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_the_losses_are_planted_over_healthy(plants: SimpleNamespace) -> None:
    ratio = {"value": 0.5, "low": 0.25, "high": 0.8}
    compared = {"load": "40/s", "config": "planted", "rps": ratio, "ttft": ratio}
    heavy = plants.case.Case(name="n", right=(), planted=lambda _: None, rates=(2, 40)).heavy
    for of, expected in (("rps", (0.5, 0.25, 0.8)), ("ttft", (2.0, 1.25, 4.0))):
        found = plants.judging.loss({"comparisons": [compared]}, heavy, of)
        assert (found.value, found.low, found.high) == expected


WIDE = math.exp(math.hypot(math.log(2), math.log(3)))


@pytest.mark.parametrize(("mending", "gain"), [
    ("work", (4.0, 2.0, 8.0)), ("waits", (2.0, 2.0 / WIDE, 2.0 * WIDE)), ("other", None),
])  # fmt: skip
def test_mending_gains_what_is_beside_it_but_for_what_stays(
    plants: SimpleNamespace, mending: str, gain: Any
) -> None:
    # With the plant a user alone gets half, and 20 a quarter: the queue is worth 2.
    made = [("1", 0.5, 0.5 / 3, 1.5), ("20", 0.25, 0.125, 0.5)]
    ratios = [
        {"load": load, "config": "planted", "rps": {"value": value, "low": low, "high": high}}
        for load, value, low, high in made
    ]
    case = plants.case.Case(name="n", right=(), planted=lambda _: None, mending=mending)
    rps = loss(plants, *made[1][1:])
    found = plants.judging._gain({"comparisons": ratios}, case, rps)
    assert found == (gain and pytest.approx(gain))


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
        assert "{port}" in " ".join(plants.sweeping.command(case, ["a:B=c"], "name", tmp_path, 24))


def test_the_matrix_has_a_row_a_case(plants: SimpleNamespace) -> None:
    effect = {"unit": "", "now": 10.0, "mended": 25.0, "low": 20.0, "high": None}
    found = ({"code": "b", "effect": effect}, {"code": "c"})
    cases = [judged(plants, findings=found, gain=(2.0, 1.5, 2.5)), judged(plants, case="two")]
    lines = plants.matrix.matrix(cases).splitlines()
    assert lines[2] == (
        "| one | full | 0.50x (0.40-0.60) | - | yes | b | yes | c | 2.00x (1.50-2.50) | 2.50x |"
    )
    assert lines[3] == "| two | full | 0.50x (0.40-0.60) | - | yes | - | no | - | - | - |"
    assert "full dose: 2 of 2 cases count; the first finding is right in 1." in lines[5]


@pytest.mark.parametrize(("value", "inside", "right"), [
    (11.4, True, True), (8.6, True, True), (11.6, True, False), (10.0, False, False), (None, True, None),
])  # fmt: skip
def test_a_predicted_ceiling_is_held_against_the_measured_one(
    plants: SimpleNamespace, value: float | None, inside: bool, right: bool | None
) -> None:
    said = {"per_second": {"value": value}, "measured_per_second": 10.0, "inside": inside}
    assert plants.ladder._said({"predicted": said if value else None}).get("right") is right


def test_a_ladder_is_one_variant_from_one_user_on(tmp_path: Path, plants: SimpleNamespace) -> None:
    for case in plants.laddered.LADDERED:
        words = plants.sweeping.command(case, ["healthy:B=c"], "name", tmp_path, 24)
        levels = words[words.index("--concurrency") + 1]
        assert levels.startswith("1,")
        assert levels.count(",") >= 4
        assert case.sides == ("healthy",)
        assert case.healthy(1.0) == case.planted(1.0)


def test_a_field_that_would_tell_is_not_handed_over(tmp_path: Path, plants: SimpleNamespace) -> None:
    planted_run(tmp_path / "run")
    [cell] = (tmp_path / "run").glob("cells/*/planted/*/cell.json")
    write(cell, {**json.loads(cell.read_text()), "something_new": "PLANT=locked"})
    with pytest.raises(plants.blanking.TellingError, match=r"plant in cell\.json"):
        copied(plants, tmp_path)


def test_each_cell_gets_what_its_llm_server_sent_meanwhile(tmp_path: Path, plants: SimpleNamespace) -> None:
    sent = [{"request": number, "received_at_ns": 1000 * number} for number in range(1, 7)]
    write(tmp_path / "llm-planted.jsonl", *sent)
    for name, began, ended in (("c01-r1", 1500, 3500), ("c20-r1", 3600, 5000)):
        first = {"sent_at_ns": began, "ended_at_ns": began + 9}
        last = {"sent_at_ns": began + 5, "ended_at_ns": ended}
        write(tmp_path / "cells" / "app" / "planted" / name / "requests.jsonl", first, last)
    plants.sweeping._share_out(tmp_path / "llm-planted.jsonl", tmp_path, "planted")
    files = tmp_path.glob("cells/*/*/*/llm.jsonl")
    found = {path.parent.name: [one["request"] for one in rows(path)] for path in files}
    assert found == {"c01-r1": [2, 3], "c20-r1": [4, 5]}
