"""Cells of one name are pooled, or added up, only where the same was started and the same was asked."""

from typing import Any

import pytest

from records.cells.cell import Cell
from records.secrets.header_rules import header_marks
from reported import head
from reports.analysis.analysis import Analysis
from reports.analysis.of_loads import Beside, Overlapping
from reports.analysis.of_machine import Drift
from reports.analysis.of_runs import Older
from reports.figures.requested import workload_mismatch
from reports.figures.rows import rows_of

AT = {"at": "http://10.0.0.1:1"}
RUN = {"spec": "run:app --port {port}"}
TLS = {"ca": None, "insecure": False, "cert": None, "cert_key": None, "server_name": None}
NEW = {
    "service": AT, "host": AT["at"], "machine": "m", "questions_sha256": "a" * 64, "question_seed": 0,
    "proxy": None, "tls": TLS,
}  # fmt: skip
OF_A_CELL = ("settings", "paths", "rps")


@pytest.fixture
def asked(made: Any, of_each: Any) -> Any:
    def found(*each: dict[str, Any], apart_s: float = 60.0) -> Analysis:
        """Cells of the same name, a directory each, one after the other or at the same time."""
        specs = []
        for n, more in enumerate(each):
            own = {key: value for key, value in more.items() if key in OF_A_CELL}
            requested = {key: value for key, value in more.items() if key not in OF_A_CELL}
            specs.append(made.spec(config="mine", seed=n, late_s=n * apart_s, requested=requested, **own))
        analysis: Analysis = of_each(*specs)
        return analysis

    return found


def fast(words: str) -> dict[str, Any]:
    return {"service": {"spec": f"run:{'x' * 40} --port {{port}}{words}"}}


def stepped(users: int) -> dict[str, Any]:
    return {"shape": "Steps", "shape_options": {"step_users": users}}


@pytest.mark.parametrize(("first", "second", "names"), [
    ({"service": RUN}, {"service": {"spec": "run:app --fast"}},
     ["service.spec=run:app --fast", "service.spec=run:app --port {port}"]),
    (fast(""), fast(" --fast"), ["service.spec=…{port}", "service.spec=…{port} --fast"]),
    ({"service": RUN | {"folder": "/old"}}, {"service": RUN | {"folder": "/new"}},
     ["service.folder=/new", "service.folder=/old"]),
    ({}, {"service": {"at": "http://10.0.0.2:1"}},
     ["service.at=http://10.0.0.1:1", "service.at=http://10.0.0.2:1"]),
    ({"service": RUN, "host": "http://127.0.0.1:1"}, {"service": RUN, "host": "http://127.0.0.1:2"}, []),
    ({}, {"questions_sha256": "b" * 64}, ["questions_sha256=aaaaaaaaaaaa", "questions_sha256=bbbbbbbbbbbb"]),
    ({}, {"question_seed": 7}, ["question_seed=0", "question_seed=7"]),
    ({"questions": "a.txt"}, {"questions": "b.txt"}, ["questions=a.txt", "questions=b.txt"]),
    ({"max_inflight": 10}, {"max_inflight": 99}, ["max_inflight=10", "max_inflight=99"]),
    ({"think_time_s": 0.0}, {"think_time_s": 1.0}, ["think_time_s=0.0", "think_time_s=1.0"]),
    ({"headers": []}, {"headers": ["X-Team"]}, ['headers=["X-Team"]', "headers=[]"]),
    (stepped(5), stepped(50), ["shape_options.step_users=5", "shape_options.step_users=50"]),
    (stepped(5), {"shape": "Steps"}, []),  # from before they were kept
    ({"set": {"KNOWLEDGE_BASE_DIR": "/a"}}, {"set": {"KNOWLEDGE_BASE_DIR": "/b"}},
     ["KNOWLEDGE_BASE_DIR=/a", "KNOWLEDGE_BASE_DIR=/b"]),
    ({"set": {"OPENAI_BASE_URL": "http://b"}, "settings": {"OPENAI_BASE_URL": "http://b"}},
     {"set": {}, "settings": {"OPENAI_BASE_URL": "http://127.0.0.1:5"}},
     ["OPENAI_BASE_URL=?", "OPENAI_BASE_URL=http://b"]),
    ({"set": {"RETRIEVAL": "blocking"}}, {"set": {}}, ["RETRIEVAL=?", "RETRIEVAL=blocking"]),
    ({"set": {"WORKERS": "1", "N": "1"}, "settings": {"N": 1}},
     {"set": {"WORKERS": "4", "N": "1"}, "settings": {"N": 1}}, ["WORKERS=1", "WORKERS=4"]),
    ({"set": {"PORT": 1}}, {"set": {"PORT": 2}}, []),
    ({"settings": {"INDEX": "flat"}}, {"settings": {"INDEX": "hnsw"}}, ["INDEX=flat", "INDEX=hnsw"]),
    ({"paths": {"search": "Hnsw@loop"}}, {"paths": {"search": "Hnsw@pool"}},
     ["stage search=Hnsw@loop", "stage search=Hnsw@pool"]),
    ({}, {"machine": "m2"}, ["machine=m", "machine=m2"]),
    ({}, {"tls": TLS | {"server_name": "a"}}, ["--server-name=a", "--server-name=unset"]),
    ({}, {"tls": TLS | {"cert": "a"}}, ["--cert=a", "--cert=unset"]),
    ({}, {"tls": None}, ["tls=none", "tls=verified"]),
    ({}, {"tls": TLS | {"ca": "b"}}, []),
])  # fmt: skip
def test_what_was_started_set_or_asked_otherwise_is_a_row_of_its_own(
    asked: Any, first: dict[str, Any], second: dict[str, Any], names: list[str]
) -> None:
    analysis = asked(NEW | first, NEW | second | {"rps": 40.0})
    if not names:
        assert [(level.config, len(level.cells)) for level in analysis.levels] == [("mine", 2)]
        assert analysis.noted(Drift)
        return
    assert sorted(level.config for level in analysis.levels) == [f"mine {name}" for name in names]
    assert not analysis.noted(Drift)
    [comparison] = analysis.comparisons
    assert comparison.throughput
    assert {comparison.config, comparison.reference} == {f"mine {name}" for name in names}


def test_another_value_of_a_header_is_another_row(asked: Any) -> None:
    marks = [header_marks({"X-Tenant": value}, lambda _: False) for value in ("acme", "other")]
    levels = asked(*({"headers": ["X-Tenant"], "header_marks": mark} for mark in marks)).levels
    names = {f"mine header_marks.x-tenant={mark['x-tenant']}" for mark in marks}
    assert {level.config for level in levels} == names
    older = {"headers": ["X-Tenant"]}
    assert len(asked(older, {**older, "header_marks": marks[0]}).levels) == 1


@pytest.mark.parametrize(("name", "value", "kept"), [
    ("Authorization", "Bearer k", "given"), ("X-Plain", "the-secret", "given"), ("X-Plain", "acme", None),
])  # fmt: skip
def test_of_a_value_that_may_be_secret_only_is_kept_that_it_was_given(
    name: str, value: str, kept: str | None
) -> None:
    [mark] = header_marks({name: value}, lambda text: "secret" in text).values()
    assert mark == kept or (kept is None and len(mark) == 4 and mark not in value)


def test_older_cells_are_pooled_with_each_other_only_and_it_is_said(asked: Any) -> None:
    analysis = asked({}, {}, NEW)
    found = {level.config: len(level.cells) for level in analysis.levels}
    assert found == {"mine older=yes": 2, "mine older=no": 1}
    [note] = analysis.noted(Older)
    assert (len(note.cells), note.of) == (2, 3)
    assert head(analysis).count("2 of 3 cells are too old to tell what was started and asked") == 1
    assert "differ (question" not in head(analysis)
    assert not asked(NEW, NEW).noted(Older)


def test_what_another_scenario_keeps_of_its_requests_is_held_against_each_other() -> None:
    small, large = (
        Cell(
            deployment="d", config="c", concurrency=1, repeat=1, complete=True, workload="echo",
            requested={"size": size, "requests": size},
        )
        for size in (100, 400_000)
    )  # fmt: skip
    assert workload_mismatch([small, large]) == ("size",)
    assert [row.difference for row in rows_of([small, large])] == ["size=100", "size=400000"]


# -- at the same time

HERE = {"host": "http://127.0.0.1:8001", "service": {"at": "http://127.0.0.1:8001"}}


@pytest.mark.parametrize(("both", "other", "added"), [
    ({}, {}, True), ({}, {"machine": "other"}, True), ({}, {"host": "http://10.0.0.2:1"}, False),
    ({}, {"tls": {"server_name": "b"}}, False),
    (HERE, {}, True), (HERE, {"machine": "other"}, False),  # each machine has a loopback of its own
    ({"service": RUN, "host": "http://127.0.0.1:1"}, {"host": "http://127.0.0.1:2"}, False),
])  # fmt: skip
def test_loads_of_the_same_time_are_added_up_if_they_were_of_one_service(
    asked: Any, both: dict[str, Any], other: dict[str, Any], added: bool
) -> None:
    analysis = asked(NEW | both, NEW | both | other, apart_s=1.0)
    assert [cell.cell.concurrency for cell in analysis.merged] == ([20] if added else [])
    assert len(analysis.noted(Beside)) == (not added)
    assert not analysis.noted(Overlapping)
    assert ("ran at the same time, each on a service of its own" in head(analysis)) != added


@pytest.mark.parametrize(("key", "values", "together"), [
    ("question_seed", (2, 1), "1, 2"), ("machine", ("m2", "m1"), "m1, m2"), ("rate", (20.0, 30.0), 50.0),
    ("questions", ("/b/q", "/a/q"), "/a/q, /b/q"),
])  # fmt: skip
def test_masters_may_have_an_order_a_machine_and_a_rate_of_their_own(
    asked: Any, key: str, values: tuple[Any, Any], together: Any
) -> None:
    """Whichever began first, what they did together has one name."""
    [cell] = asked(*(NEW | {key: value} for value in values), apart_s=1.0).merged
    assert cell.cell.requested[key] == together
