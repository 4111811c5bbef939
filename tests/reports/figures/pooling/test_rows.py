"""Cells of one name are pooled, or added up, only where the same was started and the same was asked."""

from typing import Any

import pytest

from records.cells.cell import Cell
from records.secrets.header_rules import header_marks
from reported import head, words
from reports.analysis.analysis import Analysis
from reports.analysis.of_loads import Beside, Overlapping
from reports.analysis.of_machine import Drift
from reports.analysis.of_runs import Older
from reports.blocks import blocks
from reports.figures.pooling.requested import workload_mismatch
from reports.figures.pooling.rows import rows_of

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
    ({}, {"questions_sha256": "b" * 64}, ["questions_sha256=aaaaaa", "questions_sha256=bbbbbb"]),
    ({}, {"question_seed": 7}, []),  # each run has its own, and each cell another order
    ({"set": {"DIAL_SEED": "1", "N": "1"}}, {"set": {"DIAL_SEED": "2", "N": "1"}}, []),
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


def verdict(analysis: Analysis) -> str:
    return next(" ".join(b.lines) for b in blocks(analysis) if b.title == "Verdict")


def test_two_regions_at_the_same_time_are_added(made: Any, of_each: Any) -> None:
    """Windows 0-10 s and 1-11 s: over the 9 s that they share both gave all their load."""
    east = made.spec(rps=20.0, seconds=10.0, ttft_ms=100.0)
    west = made.spec(rps=40.0, seconds=10.0, ttft_ms=300.0, late_s=1.0, seed=1)
    analysis = of_each(east=east, west=west)
    [level] = analysis.levels
    [cell] = level.cells
    assert (level.load.users, level.figures.seconds, cell.source) == (20, 9.0, "east + west")
    assert level.figures.throughput.value == pytest.approx(60.0, rel=0.02)
    begun, ended = made.start_ns + 10**9, made.start_ns + 10 * 10**9
    records = [record for spec in (east, west) for record in made.records(spec)]
    inside = sorted(r.ttft_ms for r in records if begun <= r.sent_at_ns <= ended)
    assert level.figures.requests == len(inside)
    middle = len(inside) // 2
    assert inside[middle - 1] <= level.figures.at("ttft_p50").value <= inside[middle]
    said = "local/baseline/c10-r1 of east and west ran at the same time: added up to 20 users"
    assert said in verdict(analysis)


def test_three_regions_are_one_cell(made: Any, of_each: Any) -> None:
    [level] = of_each(*(made.spec(rps=20.0, late_s=n * 0.5, seed=n) for n in range(3))).levels
    assert (level.load.users, len(level.cells[0].parts)) == (30, 3)
    assert level.figures.throughput.value == pytest.approx(60.0, rel=0.05)


def test_what_ran_again_later_is_a_repeat(made: Any, of_each: Any) -> None:
    analysis = of_each(made.spec(rps=20.0), made.spec(rps=30.0, late_s=5.0, seed=1))
    [level] = analysis.levels
    assert (level.load.users, len(level.cells), analysis.merged) == (10, 2, ())
    assert level.figures.throughput.value == pytest.approx(25.0)
    assert "overlap" not in verdict(analysis)


def test_one_invalid_region_makes_the_sum_invalid(made: Any, of_each: Any) -> None:
    analysis = of_each(east=made.spec(), west=made.spec(checks=made.fail, seed=1))
    assert analysis.exit_code == 3
    assert "The check retrieval failed: west: 9 answers came without documents" in words(analysis)


def test_a_region_without_a_window_stands_alone(made: Any, of_each: Any) -> None:
    analysis = of_each(made.spec(), made.spec(window=False, seed=1))
    assert [len(level.cells) for level in analysis.levels] == [2]
    assert [cell.valid for cell in analysis.cells] == [True, False]


@pytest.mark.parametrize("other", [
    {"concurrency": 20}, {"config": "mock-llm"}, {"requested": {"think_time_s": 1}}, {"late_s": 4.0},
    {"settings": {"INDEX": "flat"}, "config": "b"},
])  # fmt: skip
def test_two_loads_that_took_from_each_other_are_named(made: Any, of_each: Any, other: Any) -> None:
    one, two = made.spec(), made.spec(**{"late_s": 1.0, "seed": 1, **other})
    analysis = of_each(one=one, two=two)
    assert analysis.merged == ()
    said = (
        f"one/{one.name} and two/{two.name} overlap in time and were not added up: they took from each other"
    )
    assert said in verdict(analysis)
    assert "likewise" not in verdict(analysis)


def test_two_services_at_the_same_time_are_not_one(made: Any, of_each: Any) -> None:
    analysis = of_each(
        *(made.spec(seed=n, settings={"INDEX": one}) for n, one in enumerate(("flat", "hnsw")))
    )
    assert analysis.merged == ()


def test_loads_after_one_another_and_on_other_services_took_nothing(made: Any, of_each: Any) -> None:
    after, elsewhere = made.spec(concurrency=20, late_s=5.0), made.spec(deployment="k8s")
    analysis = of_each(made.spec(), after, elsewhere)
    assert analysis.noted(Overlapping) == ()
    assert "overlap" not in verdict(analysis)


def test_a_load_beside_several_is_counted_with_each(made: Any, of_each: Any) -> None:
    """Also beside a measurement of two masters, whose parts took nothing from each other."""
    beside = made.spec(concurrency=20), made.spec(config="x")
    analysis = of_each(made.spec(), made.spec(seed=1), *beside)
    assert [len(cell.parts) for cell in analysis.merged] == [2]
    assert "; 2 more pairs likewise." in verdict(analysis)
