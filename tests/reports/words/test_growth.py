"""What a report says of growth, knees and queues, and of what was asked differently."""

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from records.cells.cell import Check
from reported import analysed, head, printed, rewritten, words
from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.document.document import Table
from reports.evidence.demand import PROCESSOR, Resource
from reports.figures.knee import Step
from reports.figures.stats import Estimate
from reports.words.growth import grown, knee_sentence

FAILED = {"checks": (Check(name="generator-lag", status="fail", text="late"),)}
STEPS = {"shape": "Steps", "rate": 5.0}
POISSON = {"rate": 20.0, "arrival": "poisson"}
LATER = {"requested": {"think_time_s": 1.0}}
DIFFER = "The loads differ at 10 users (think_time_s): such a ratio is of two loads"
LITTLE = "RPS at 20 users, 1.6x the RPS of 5 users with 4.0x as many: whether it still grows is not settled"


def at(*each: tuple[int, float], **more: Any) -> list[dict[str, Any]]:
    return [{"concurrency": n, "rps": rps, "late_s": 30.0 * n, **more} for n, rps in each]


def case(name: str, specs: list[dict[str, Any]], *said: str, unsaid: tuple[str, ...] = ()) -> Any:
    return pytest.param(specs, said, unsaid, id=name)


@pytest.mark.parametrize(("specs", "said", "unsaid"), [
    case("far below the users growth is no free way up", at((1, 6.0), (5, 14.0), (20, 22.0)),
         f"{LITTLE}, measure between 5 and 20, and above.", unsaid=("not reached",)),
    case("a configuration beside others is judged in the same words",
         [*at((1, 5.0), (4, 10.0)), *at((1, 5.0), (4, 10.0), config="mock-llm")],
         "mock-llm had 10.0 RPS at 4 (limit not known)"),
    case("a knee between levels lies there", at((1, 10.0), (4, 20.0), (8, 20.0)),
         "baseline stops growing at 1-4 users, at 20.0",
         "stops growing between 1 and 4 users (2-3 not measured)"),
    case("one level alone", at((6, 10.0)),
         "RPS: whether it scales is not known without a lighter load beside it.",
         "The cell (a measurement) is valid."),
    case("two cells", at((1, 10.0), (4, 20.0)), "Both cells (measurements) are valid."),
    case("a knee that is next to a level", at((1, 10.0), (2, 20.0), (4, 20.0), (8, 20.0)),
         "stops growing at 2 users, at 20.0"),
    case("a knee below all levels", at((4, 20.0), (8, 20.0)), "stops growing at 4 users or below"),
    case("no knee below levels that are not valid",
         [*at((1, 30.0), (2, 30.0)), *at((5, 99.0), (9, 99.0), **FAILED)],
         "5, 9 users were measured and are not valid: no knee is drawn",
         "nothing follows about where it stops growing", unsaid=("stops growing at",)),
    case("no knee of loads that are no number of users",
         at((1, 5.0), (4, 20.0), (16, 20.0), requested=STEPS),
         "its load was an open loop and the shape Steps, no number of users: no knee is drawn",
         "nothing follows about its growth with users", unsaid=("stops growing at", "measured at")),
    case("no knee of levels that were asked differently",
         [*at((1, 5.0), (4, 20.0)), *at((16, 20.0), **LATER)],
         "local/baseline think_time_s=1.0: one level only (16 users", unsaid=("stops growing at",)),
    case("below the knee nothing is a limit", [
        *at((1, 3.0), (5, 15.0)), *at((1, 3.0), (5, 15.0), config="mock-embeddings"),
        *at((1, 6.0), (5, 30.0), config="mock-llm"),
    ], "The limit of throughput was not reached", unsaid=("holds throughput down",)),
    case("an open loop", [{"requested": POISSON}], "an open loop of 20 requests a second (poisson)"),
    case("a shape without levels", [{"requested": {"shape": "Steps"}}], "the shape Steps changed the load"),
    case("configurations that were asked differently", [{}, {"config": "mock-llm", "rps": 60.0, **LATER}],
         DIFFER, unsaid=("mocking the LLM makes RPS",)),
    case("nothing is said of mocks where none is", [{}, {"config": "after", "late_s": 30.0}],
         "times faster than", unsaid=("An effect is not yet a cause",)),
    case("nothing was checked", [{"checks": ()}], ": nothing was checked"),
    case("no window", [{"window": False}], "no measuring window"),
    case("enough answers", [{}], unsaid=("'-'",)),
    case("why there is no figure", [{"concurrency": 1, "rps": 4.0}, {"late_s": 20.0}],
         "'-': TTFT p95 wants 59 good answers that are not late; ITL p99 wants 299 gaps."),
])  # fmt: skip
def test_what_is_said(made: Any, of: Any, specs: Any, said: Any, unsaid: Any) -> None:
    analysis = of(*(made.spec(**one) for one in specs))
    text = words(analysis)
    assert [one for one in said if one not in text] == [one for one in unsaid if one in text] == []
    assert analysis.exit_code == (3 if {"checks": ()} in specs or {"window": False} in specs else 0)


@pytest.mark.parametrize(("rps", "ttft", "told"), [
    (19.8, 303.0, "TTFT p50 from 250 to 303 ms, so requests wait already: whether"),
    (19.8, 250.0, " the RPS of 1 user with 6.0x as many: whether it still grows is not settled"),
    (23.8, 303.0, "so requests wait already: whether it still grows is not settled, measure between"),
    (23.8, 250.0, "still grew at 6 users, 23.8 "),
])  # fmt: skip
def test_growth_at_the_top_is_not_said_of_a_step_that_does_not_show_it(
    made: Any, of: Any, rps: float, ttft: float, told: str
) -> None:
    each = ((1, 4.0, 250.0), (6, rps, ttft))
    own = {"seconds": 20}
    specs = (made.spec(concurrency=n, rps=r, ttfts=(t,) * round(20 * r), late_s=n, **own) for n, r, t in each)
    analysis = of(*specs)
    assert told in words(analysis)
    assert ("was not reached" in words(analysis)) is told.startswith("still")
    assert results_json(analysis)["knees"][0]["unsure"] is not told.startswith("still")


def test_what_is_full_settles_that_it_grows_no_more() -> None:
    """In the first lines, too, with room and without."""
    knee: Any = SimpleNamespace(
        workload=SimpleNamespace(throughput=SimpleNamespace(title="RPS")), throughput=Estimate(value=40.0),
        step=Step(few=1, many=20, gained=10.0), top=20,
        reached_share=1.0, budget_ended=False, levels=2, unsure=True, concurrency=None, invalid=(),
        workload_mismatch=(), other_loads=(),
    )  # fmt: skip
    rung: Any = SimpleNamespace(resource=Resource(kind=PROCESSOR), share=0.99, ceiling=Estimate(value=41.0))
    assert grown("it", knee, full=rung) == (
        "it had 40.0 RPS at 20 users, where its processor is 99 % used: more users get no more"
    )
    assert knee_sentence(knee, full=rung) == (
        "knee not found: 40.0 RPS at 20 users, 10.0x the RPS of 1 user with 20.0x as many: whether it still "
        "grows these levels alone do not show"
    )
    assert "measure between 1 and 20" in knee_sentence(knee)
    assert grown("it", knee, full=rung, brief=True) == "it had 40.0 RPS at 20 users: more users get no more"
    rung.ceiling = None
    assert grown("it", knee, full=rung).endswith(
        "whether it still grows is not settled, measure between 1 and 20, and above (its processor is 99 %"
        " used there)"
    )


def test_thoughts_have_a_column_where_there_are_any(made: Any, of: Any, tmp_path: Path) -> None:
    assert "First p50" not in printed(of(made.spec()))
    rewritten(tmp_path, lambda raw, _: raw.update(first_generated_at_ns=raw["sent_at_ns"] + 30_000_000))
    analysis = analysed(tmp_path / "run")
    assert "First p50 ms" in printed(analysis, 160)
    [level] = results_json(analysis)["configurations"]["local"]["baseline"]["levels"].values()
    assert (level["first_generated_p50_ms"]["value"], level["thoughts"]) == (pytest.approx(30.0), 100)


@pytest.mark.parametrize(("asked", "differ"), [
    ({"think_time_s": 1.0}, ("think_time_s",)), ({"dialect": "openai", "path": "/v1", "body": {"m": 1}}, ()),
    ({"headers": ["Authorization"]}, ()), ({"body": {"m": 1}}, ("body",)),
])  # fmt: skip
def test_deployments_that_were_asked_differently(made: Any, of: Any, asked: Any, differ: Any) -> None:
    analysis = of(made.spec(rps=60.0), made.spec(deployment="k8s", requested=asked))
    assert [ratio.workload_mismatch for ratio in analysis.deployment_ratios] == [differ]
    assert ("bottleneck of its own" in words(analysis)) is not bool(differ)
    assert (f"The loads differ at 10 users ({', '.join(differ)})" in words(analysis)) is bool(differ)


@pytest.mark.parametrize(
    ("ms", "asked", "said"), [(190.0, {}, True), (5.0, {}, False), (190.0, {"rate": 20.0}, False)]
)
def test_connecting_that_no_figure_has_is_said(made: Any, of: Any, ms: float, asked: Any, said: bool) -> None:
    text = words(of(made.spec(requested=asked, achieved={"connects": 100, "connect_ms": ms})))
    assert ("connecting took 190 ms a request on average, which is in no figure." in text) is said


# -- queues in a service that tells no stages


def queueing(made: Any, last_ms: float = 390.0, **more: Any) -> list[Any]:
    """Four answers at a time: past four users they wait."""
    levels = ((1, 10.0, 100.0), (4, 40.0, 100.0), (16, 41.0, last_ms))
    return [
        made.spec(concurrency=n, rps=rps, ttft_ms=ttft, late_s=50.0 * n, **more) for n, rps, ttft in levels
    ]


def test_a_service_without_stage_times_is_said_to_queue_and_what_to_look_at(
    made: Any, of: Any, tmp_path: Path
) -> None:
    analysis = of(*queueing(made))
    said = r"local: from 4 to 16 users TTFT p50 grows from \d+ to \d+ ms and RPS does not: requests wait"
    assert re.search(said, head(analysis))
    assert "local gives no stage times" in head(analysis)
    assert "profile --port" in head(analysis)
    for cell in sorted((tmp_path / "run").glob("cells/*/*/*")):
        (cell / "profile.json").write_text('{"data_points": []}')
    profiled = head(analysed(tmp_path / "run"))
    assert "CPU under load (cells/local/baseline/c16-r1/profile.json) and its log" in profiled
    assert "Where the TTFT goes is not known" in [block.title for block in blocks(analysis)]
    assert "requests wait" not in head(of(*queueing(made, 100.0)))  # users idle
    assert "send timings" in profiled
    asked = head(of(*queueing(made, 100.0, requested={"stage_times": False})))
    assert "send timings" not in asked  # its API has no place for them
    assert "take spans (--otlp) where a sweep starts it (run:), which also looks inside" in asked


def test_a_stage_with_a_queue_is_named(made: Any, of: Any) -> None:
    timed = head(of(*queueing(made, stages={"llm": 9.0})))
    assert "stage times" not in timed
    assert "requests wait" not in timed
    queued = of(*(replace(one, stages={"search": 0.93 * one.ttft_ms - 10}) for one in queueing(made)))
    assert re.search(r"at 16 users requests wait in the queue of the stage search for 88.2", head(queued))
    shown = [row.cells for block in blocks(queued) if isinstance(block, Table) for row in block.rows]
    assert any("353 (q 88.2)" in cells for cells in shown)
