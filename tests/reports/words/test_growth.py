"""What a report says of growth, knees and queues, and of what was asked differently."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reported import analysed, head, printed, rewritten, words
from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.document.document import Table


def levels(made: Any, *each: tuple[int, float], **more: Any) -> list[Any]:
    return [made.spec(concurrency=n, rps=rps, late_s=30.0 * n, **more) for n, rps in each]


def test_growth_far_below_the_users_is_no_free_way_up(made: Any, of: Any) -> None:
    said = words(of(*levels(made, (1, 6.0), (5, 14.0), (20, 22.0))))
    little = "RPS at 20 users, 1.6x the RPS for 4.0x the users since 5: its limit is not known"
    assert said.count(f"{little}, measure between 5 and 20, and above.") == 2  # it is judged alike everywhere
    assert "not reached" not in said


@pytest.mark.parametrize(("rps", "ttft", "told"), [
    (19.8, 303.0, "TTFT p50 from 250 to 303 ms, so requests wait already: its"),
    (19.8, 250.0, " the RPS for 6.0x the users since 1: its limit is not known"),
    (23.8, 303.0, "so requests wait already: its limit is not known, measure between"),
    (23.8, 250.0, "still grew at 6 users, 23.8 "),
])  # fmt: skip
def test_growth_at_the_top_is_not_said_of_a_step_that_does_not_show_it(
    made: Any, of: Any, rps: float, ttft: float, told: str
) -> None:
    analysis = of(*(
        made.spec(concurrency=n, rps=r, seconds=20, ttfts=(t,) * round(20 * r), late_s=30.0 * n)
        for n, r, t in ((1, 4.0, 250.0), (6, rps, ttft))
    ))  # fmt: skip
    said = words(analysis)
    assert told in said
    assert ("was not reached" in said) is told.startswith("still")
    assert results_json(analysis)["knees"][0]["unsure"] is not told.startswith("still")


def test_a_configuration_beside_others_is_judged_in_the_same_words(made: Any, of: Any) -> None:
    both = [levels(made, (1, 5.0), (4, 10.0), config=config) for config in ("baseline", "mock-llm")]
    assert "mock-llm had 10.0 RPS at 4 (limit not known)" in words(of(*both[0], *both[1]))


def test_a_knee_between_levels_is_said_to_lie_there(made: Any, of: Any) -> None:
    coarse = words(of(*levels(made, (1, 10.0), (4, 20.0), (8, 20.0))))
    assert "baseline stops growing at 1-4 users, at 20.0" in coarse
    assert "stops growing between 1 and 4 users (2-3 not measured)" in coarse
    fine = words(of(*levels(made, (1, 10.0), (2, 20.0), (4, 20.0), (8, 20.0))))
    assert "stops growing at 2 users, at 20.0" in fine
    assert "stops growing at 4 users or below" in words(of(*levels(made, (4, 20.0), (8, 20.0))))


def test_why_there_is_no_figure_is_said_once_below_the_table(made: Any, of: Any) -> None:
    said = words(of(made.spec(concurrency=1, rps=4.0), made.spec(late_s=20.0)))
    assert said.count("'-': TTFT p95 wants 59 good answers that are not late; ITL p99 wants 299 gaps.") == 1
    assert "'-'" not in words(of(made.spec()))


def test_thoughts_have_a_column_where_there_are_any(made: Any, of: Any, tmp_path: Any) -> None:
    assert "First p50" not in printed(of(made.spec()))
    rewritten(tmp_path, lambda raw, _: raw.update(first_generated_at_ns=raw["sent_at_ns"] + 30_000_000))
    analysis = analysed(tmp_path / "run")
    assert "First p50 ms" in printed(analysis, 160)
    [level] = results_json(analysis)["configurations"]["local"]["baseline"]["levels"].values()
    assert (level["first_generated_p50_ms"]["value"], level["thoughts"]) == (pytest.approx(30.0), 100)


def test_loads_that_users_do_not_describe_are_named(made: Any, of: Any) -> None:
    asked = ({"rate": 20.0, "arrival": "poisson"}, {"shape": "Steps"})
    analysis = of(*(made.spec(repeat=n, requested=one) for n, one in enumerate(asked, 1)))
    assert "an open loop of 20 requests a second (poisson)" in words(analysis)
    assert "the shape Steps changed the load" in words(analysis)
    assert [level.load.label for level in analysis.levels] == ["20/s", "Steps"]


def test_no_knee_is_drawn_from_loads_that_are_no_number_of_users(made: Any, of: Any) -> None:
    asked = {"shape": "Steps", "rate": 5.0}
    said = words(of(*levels(made, (1, 5.0), (4, 20.0), (16, 20.0), requested=asked)))
    assert "stops growing at" not in said
    assert "measured at" not in said
    assert "its load was an open loop and the shape Steps, no number of users: no knee is drawn" in said
    assert "nothing follows about its growth with users" in said


def think(seconds: float) -> dict[str, Any]:
    return {"requested": {"think_time_s": seconds}}


def test_no_knee_is_drawn_from_levels_that_were_asked_differently(made: Any, of: Any) -> None:
    alike = levels(made, (1, 5.0), (4, 20.0), **think(0.0))
    assert "stops growing at 4 users" in words(of(*alike, *levels(made, (16, 20.0), **think(0.0))))
    text = words(of(*alike, *levels(made, (16, 20.0), **think(1.0))))
    assert "stops growing at" not in text
    assert "local/baseline think_time_s=1.0: one level only (16 users" in text


@pytest.mark.parametrize(("asked", "differ"), [
    ({"think_time_s": 1.0}, ("think_time_s",)), ({"dialect": "openai", "path": "/v1", "body": {"m": 1}}, ()),
    ({"headers": ["Authorization"]}, ()), ({"body": {"m": 1}}, ("body",)),
])  # fmt: skip
def test_deployments_that_were_asked_differently(
    made: Any, of: Any, asked: dict[str, Any], differ: tuple[str, ...]
) -> None:
    analysis = of(made.spec(rps=60.0), made.spec(deployment="k8s", requested=asked))
    assert [ratio.workload_mismatch for ratio in analysis.deployment_ratios] == [differ]
    assert ("bottleneck of its own" in words(analysis)) is not bool(differ)
    assert (f"The loads differ at 10 users ({', '.join(differ)})" in words(analysis)) is bool(differ)


def test_configurations_that_were_asked_differently(made: Any, of: Any) -> None:
    text = words(of(made.spec(), made.spec(config="mock-llm", rps=60.0, **think(1.0))))
    assert "The loads differ at 10 users (think_time_s): such a ratio is of two loads" in text
    assert "mocking the LLM makes RPS" not in text


@pytest.mark.parametrize(
    ("ms", "asked", "said"), [(190.0, {}, True), (5.0, {}, False), (190.0, {"rate": 20.0}, False)]
)
def test_connecting_that_no_figure_has_is_said(
    made: Any, of: Any, ms: float, asked: dict[str, Any], said: bool
) -> None:
    text = words(of(made.spec(requested=asked, achieved={"connects": 100, "connect_ms": ms})))
    assert ("connecting took 190 ms a request on average, which is in no figure." in text) is said


def test_a_cell_without_checks_is_not_believed(made: Any, of: Any) -> None:
    analysis = of(made.spec(checks=()))
    assert analysis.exit_code == 3
    assert ": nothing was checked" in words(analysis)


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


def test_a_stage_with_a_queue_is_named(made: Any, of: Any) -> None:
    timed = head(of(*queueing(made, stages={"llm": 9.0})))
    assert "stage times" not in timed
    assert "requests wait" not in timed
    queued = of(*(replace(one, stages={"search": 0.93 * one.ttft_ms - 10}) for one in queueing(made)))
    assert re.search(r"at 16 users requests wait in the queue of the stage search for 88.2", head(queued))
    shown = [row.cells for block in blocks(queued) if isinstance(block, Table) for row in block.rows]
    assert any("353 (q 88.2)" in cells for cells in shown)


def test_what_does_not_wait_is_not_said_to(made: Any, of: Any) -> None:
    assert "requests wait" not in head(of(*queueing(made, 100.0)))  # users idle
