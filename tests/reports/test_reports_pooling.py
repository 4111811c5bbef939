"""Cells of one name are pooled, or added up, only where the same was started and the same was asked."""

from pathlib import Path
from typing import Any

import pytest

from records.cells.reader import read_run
from reported import what_this_says
from reports.analysis.analyse import analyse
from reports.analysis.analysis import Analysis
from reports.analysis.of_loads import Beside, Overlapping
from reports.analysis.of_runs import Older

AT = {"at": "http://10.0.0.1:1"}
RUN = {"spec": "run:app --port {port}"}
QUESTIONS = {"questions_sha256": "a" * 64, "question_seed": 0}
NEW = {"service": AT, "host": AT["at"], "machine": "m", **QUESTIONS}


def analysed(made: Any, tmp_path: Path, *each: dict[str, Any], apart_s: float = 60.0) -> Analysis:
    """A directory each: cells of the same name, one after the other or at the same time."""
    runs = []
    for n, requested in enumerate(each):
        more = {"settings": requested["settings"]} if "settings" in requested else {}
        kept = {key: value for key, value in requested.items() if key != "settings"}
        one = made.spec(config="as-is", seed=n, late_s=n * apart_s, requested=kept, **more)
        runs.append(read_run(made.run(tmp_path / f"run{n}", [one])))
    return analyse(runs)


def configs(analysis: Analysis) -> list[str]:
    return [level.config for level in analysis.levels]


@pytest.mark.parametrize(
    ("first", "second", "names"),
    [
        ({"service": RUN}, {"service": {"spec": "run:app --fast"}},
         ["service.spec=run:app --fast", "service.spec=run:app --port {port}"]),
        ({"service": {"spec": f"run:{'x' * 40} --port {{port}}"}},
         {"service": {"spec": f"run:{'x' * 40} --port {{port}} --fast"}},
         ["service.spec=…{port}", "service.spec=…{port} --fast"]),
        ({"service": RUN | {"folder": "/old"}}, {"service": RUN | {"folder": "/new"}},
         ["service.folder=/new", "service.folder=/old"]),
        ({}, {"service": {"at": "http://10.0.0.2:1"}},
         ["service.at=http://10.0.0.1:1", "service.at=http://10.0.0.2:1"]),
        ({}, {"questions_sha256": "b" * 64},
         ["questions_sha256=aaaaaaaaaaaa", "questions_sha256=bbbbbbbbbbbb"]),
        ({}, {"question_seed": 7}, ["question_seed=0", "question_seed=7"]),
        ({"set": {"KNOWLEDGE_BASE_DIR": "/a"}}, {"set": {"KNOWLEDGE_BASE_DIR": "/b"}},
         ["KNOWLEDGE_BASE_DIR=/a", "KNOWLEDGE_BASE_DIR=/b"]),
        ({"set": {"OPENAI_BASE_URL": "http://b"}, "settings": {"OPENAI_BASE_URL": "http://b"}},
         {"set": {}, "settings": {"OPENAI_BASE_URL": "http://127.0.0.1:5"}},
         ["OPENAI_BASE_URL=?", "OPENAI_BASE_URL=http://b"]),
    ],
)  # fmt: skip
def test_what_was_started_set_or_asked_otherwise_is_a_row_of_its_own(
    made: Any, tmp_path: Path, first: dict[str, Any], second: dict[str, Any], names: list[str]
) -> None:
    analysis = analysed(made, tmp_path, NEW | first, NEW | second)
    assert sorted(configs(analysis)) == [f"as-is {name}" for name in names]


def test_what_was_started_and_asked_alike_is_pooled_wherever_it_listened(made: Any, tmp_path: Path) -> None:
    ports = (NEW | {"service": RUN, "host": f"http://127.0.0.1:{port}"} for port in (1, 2))
    [level] = analysed(made, tmp_path, *ports).levels
    assert (level.config, len(level.cells)) == ("as-is", 2)


def test_variants_of_different_services_are_not_compared(made: Any, tmp_path: Path) -> None:
    runs = [
        read_run(made.run(tmp_path / name, [made.spec(config=name, late_s=late_s, requested=NEW | other)]))
        for name, late_s, other in (("a", 0.0, {"service": RUN}), ("b", 60.0, {"service": {"spec": "run:x"}}))
    ]
    assert [c.differ_in for c in analyse(runs).comparisons] == [("service",)]


def test_older_cells_are_pooled_with_each_other_only_and_it_is_said(made: Any, tmp_path: Path) -> None:
    analysis = analysed(made, tmp_path, {}, {}, NEW)
    assert {level.config: len(level.cells) for level in analysis.levels} == {
        "as-is older=yes": 2,
        "as-is older=no": 1,
    }
    [note] = analysis.noted(Older)
    assert (len(note.cells), note.of) == (2, 3)
    said = " ".join(what_this_says(analysis))
    assert said.count("2 of 3 cells are too old to tell what was started and asked") == 1
    assert "differ (question" not in said
    assert not analysed(made, tmp_path / "new", NEW, NEW).noted(Older)


@pytest.mark.parametrize(("other", "added"), [
    ({}, True), ({"machine": "other"}, True), ({"host": "http://10.0.0.2:1"}, False),
    ({"tls": {"server_name": "b"}}, False),
])  # fmt: skip
def test_loads_of_the_same_time_are_added_up_if_they_were_of_one_service(
    made: Any, tmp_path: Path, other: dict[str, Any], added: bool
) -> None:
    analysis = analysed(made, tmp_path, NEW, NEW | other, apart_s=1.0)
    assert bool(analysis.merged) == added
    assert bool(analysis.noted(Beside)) != added
    assert not analysis.noted(Overlapping)
    said = "ran at the same time, each on a service of its own"
    assert (said in " ".join(what_this_says(analysis))) != added


@pytest.mark.parametrize(("machine", "added"), [("m", True), ("other", False)])
def test_each_machine_has_a_loopback_of_its_own(made: Any, tmp_path: Path, machine: str, added: bool) -> None:
    here = NEW | {"host": "http://127.0.0.1:8001", "service": {"at": "http://127.0.0.1:8001"}}
    analysis = analysed(made, tmp_path, here, here | {"machine": machine}, apart_s=1.0)
    assert bool(analysis.merged) == added


def test_two_sweeps_that_each_started_one_are_no_masters_of_one_service(made: Any, tmp_path: Path) -> None:
    ports = [NEW | {"service": RUN, "host": f"http://127.0.0.1:{port}"} for port in (1, 2)]
    analysis = analysed(made, tmp_path, *ports, apart_s=1.0)
    assert [level.load.users for level in analysis.levels] == [10]
    assert len(analysis.noted(Beside)) == 1


def test_masters_may_ask_in_an_order_of_their_own(made: Any, tmp_path: Path) -> None:
    """Whichever began first, what they did together has one name."""
    seeds = [NEW | {"question_seed": seed} for seed in (2, 1)]
    [cell] = analysed(made, tmp_path, *seeds, apart_s=1.0).merged
    assert cell.cell.requested["question_seed"] == "1, 2"
