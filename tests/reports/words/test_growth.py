"""What a report says of growth and knees, and of what was asked differently."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from reported import analysed, printed, words
from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.document.render import markdown


def test_growth_far_below_the_users_is_no_free_way_up(made: Any, tmp_path: Path) -> None:
    specs = [made.spec(concurrency=n, rps=rps) for n, rps in ((1, 6.0), (5, 14.0), (20, 22.0))]
    said = words(analysed(made.run(tmp_path / "run", specs)))
    little = (
        "22.0 (20.3-23.5) RPS at 20 users, 1.6x the RPS for 4.0x the users since 5: whether it "
        "still grows is not settled"
    )
    assert said.count(f"{little}, measure between 5 and 20, and above.") == 2  # it is judged alike everywhere
    assert "not reached" not in said


@pytest.mark.parametrize(
    ("rps", "ttft", "told"),
    [
        ((4.0, 19.8), (250.0, 303.0), "TTFT p50 from 250 to 303 ms, so requests wait already: whether"),
        (
            (4.0, 19.8),
            (250.0, 250.0),
            " the RPS for 6.0x the users since 1: whether it still grows is not settled",
        ),
        (
            (4.0, 23.8),
            (250.0, 303.0),
            "so requests wait already: whether it still grows is not settled, measure between",
        ),
        ((4.0, 23.8), (250.0, 250.0), "still grew at 6 users, 23.8 "),
    ],
)
def test_growth_at_the_top_is_not_said_of_a_step_that_does_not_show_it(
    made: Any, tmp_path: Path, rps: tuple[float, float], ttft: tuple[float, float], told: str
) -> None:
    specs = [
        made.spec(concurrency=n, rps=r, seconds=20, ttfts=(t,) * round(20 * r), late_s=30.0 * n)
        for n, r, t in zip((1, 6), rps, ttft, strict=True)
    ]
    analysis = analysed(made.run(tmp_path / "run", specs))
    said = words(analysis)
    assert told in said
    assert ("was not reached" in said) is told.startswith("still")
    assert results_json(analysis)["knees"][0]["unsure"] is not told.startswith("still")


def test_a_configuration_beside_others_is_judged_in_the_same_words(made: Any, tmp_path: Path) -> None:
    specs = [
        made.spec(config=config, concurrency=n, rps=rps, late_s=30.0 * n + late)
        for config, late in (("baseline", 0.0), ("mock-llm", 10.0))
        for n, rps in ((1, 5.0), (4, 10.0))
    ]
    assert "mock-llm had 10.0 RPS at 4 (limit not known)" in words(
        analysed(made.run(tmp_path / "run", specs))
    )


def test_a_knee_between_levels_is_said_to_lie_there(made: Any, tmp_path: Path) -> None:
    rps = ((1, 10.0), (4, 20.0), (8, 20.0))
    specs = [made.spec(concurrency=n, rps=r, late_s=30.0 * n) for n, r in rps]
    coarse = words(analysed(made.run(tmp_path / "coarse", specs)))
    assert "baseline stops growing at 1-4 users, at 20.0" in coarse
    assert "stops growing between 1 and 4 users (2-3 not measured)" in coarse
    specs = [made.spec(concurrency=n, rps=r, late_s=30.0 * n) for n, r in (*rps, (2, 20.0))]
    assert "stops growing at 2 users, at 20.0" in words(analysed(made.run(tmp_path / "fine", specs)))
    assert "stops growing at 4 users or below" in words(analysed(made.run(tmp_path / "low", [
        made.spec(concurrency=n, rps=20.0, late_s=30.0 * n) for n in (4, 8)])))  # fmt: skip


def test_why_there_is_no_figure_is_said_once_below_the_table(made: Any, tmp_path: Path) -> None:
    few = made.spec(concurrency=1, rps=4.0)
    said = words(analysed(made.run(tmp_path / "run", [few, made.spec(late_s=20.0)])))
    assert said.count("'-': TTFT p95 wants 59 good answers that are not late; ITL p99 wants 299 gaps.") == 1
    enough = words(analysed(made.run(tmp_path / "enough", [made.spec()])))
    assert "'-'" not in enough


def test_thoughts_have_a_column_where_there_are_any(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec()])
    assert "First p50" not in printed(analysed(run))
    path = next(run.glob("cells/*/*/*/requests.jsonl"))
    records = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    for record in records:
        record["first_generated_at_ns"] = record["sent_at_ns"] + 30_000_000
    path.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    analysis = analysed(run)
    assert "| First p50 ms |" in markdown(blocks(analysis), "t")
    assert "First: to the first token of any kind, thoughts too" in words(analysis)
    [level] = results_json(analysis)["configurations"]["local"]["baseline"]["levels"].values()
    assert level["first_generated_p50_ms"]["value"] == pytest.approx(30.0)
    assert level["thoughts"] == len(records)


def test_every_column_with_a_figure_has_its_unit(sweep_dir: Path) -> None:
    for block in blocks(analysed(sweep_dir)):
        for column in getattr(block, "columns", ()):
            if column.startswith(("TTFT", "ITL", "E2E")) and "times faster" not in block.title:
                assert column.endswith(" ms") or "ms" in block.title, (block.title, column)


def test_loads_that_users_do_not_describe_are_named(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec(), made.spec(repeat=2)])
    for repeat, asked in (("r1", {"rate": 20.0, "arrival": "poisson"}), ("r2", {"shape": "Steps"})):
        path = next(run.glob(f"cells/*/*/c10-{repeat}/cell.json"))
        cell = orjson.loads(path.read_bytes())
        path.write_bytes(orjson.dumps({**cell, "requested": asked}))
    said = " ".join(words(analysed(run)).split())
    assert "an open loop of 20 requests a second (poisson)" in said
    assert "the shape Steps changed the load" in said
    assert [level.load.label for level in analysed(run).levels] == ["20/s", "Steps"]


def test_no_knee_is_drawn_from_loads_that_are_no_number_of_users(made: Any, tmp_path: Path) -> None:
    specs = [
        made.spec(concurrency=n, rps=rps, requested={"shape": "Steps", "rate": 5.0})
        for n, rps in ((1, 5.0), (4, 20.0), (16, 20.0))
    ]
    said = words(analysed(made.run(tmp_path / "run", specs)))
    assert "stops growing at" not in said
    assert "measured at" not in said
    assert "its load was an open loop and the shape Steps, no number of users: no knee is drawn" in said
    assert "nothing follows about its growth with users" in " ".join(said.split())


def test_levels_of_a_service_that_was_set_differently_are_told_apart(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec(concurrency=n, rps=rps) for n, rps in ((1, 5.0), (4, 20.0))])
    for level, retrieval in (("c01", "async"), ("c04", "blocking")):
        path = next(run.glob(f"cells/*/*/{level}-r1/cell.json"))
        cell = orjson.loads(path.read_bytes())
        settings = {"RETRIEVAL": retrieval, "OPENAI_BASE_URL": f"http://{level}"}
        path.write_bytes(orjson.dumps({**cell, "settings": settings}))
    analysis = analysed(run)
    assert [(level.config, level.load.users) for level in analysis.levels] == [
        ("baseline RETRIEVAL=async", 1),
        ("baseline RETRIEVAL=blocking", 4),
    ]
    assert "stops growing at" not in words(analysis)


def think(n: float) -> dict[str, Any]:
    return {"requested": {"think_time_s": n}}


def test_no_knee_is_drawn_from_levels_that_were_asked_differently(made: Any, tmp_path: Path) -> None:
    levels = ((1, 5.0), (4, 20.0), (16, 20.0))
    alike = [made.spec(concurrency=n, rps=rps, **think(0.0)) for n, rps in levels]
    assert "stops growing at 4 users" in words(analysed(made.run(tmp_path / "alike", alike)))
    other = [*alike[:2], made.spec(concurrency=16, rps=20.0, **think(1.0))]
    text = words(analysed(made.run(tmp_path / "other", other)))
    assert "stops growing at" not in text
    assert "local/baseline think_time_s=1.0: one level only (16 users" in text


@pytest.mark.parametrize(("asked", "differ"), [
    ({"think_time_s": 1.0}, ("think_time_s",)), ({"dialect": "openai", "path": "/v1", "body": {"m": 1}}, ()),
    ({"headers": ["Authorization"]}, ()), ({"body": {"m": 1}}, ("body",)),
])  # fmt: skip
def test_deployments_that_were_asked_differently(
    made: Any, tmp_path: Path, asked: dict[str, Any], differ: tuple[str, ...]
) -> None:
    specs = [made.spec(rps=60.0), made.spec(deployment="k8s", requested=asked)]
    analysis = analysed(made.run(tmp_path / "run", specs))
    assert [ratio.workload_mismatch for ratio in analysis.deployment_ratios] == [differ]
    text = words(analysis)
    assert ("bottleneck of its own" in text) is not bool(differ)
    note = f"The loads differ at 10 users ({', '.join(differ)}): such a ratio is of two loads"
    assert (note in text) is bool(differ)


def test_configurations_that_were_asked_differently(made: Any, tmp_path: Path) -> None:
    specs = [made.spec(), made.spec(config="mock-llm", rps=60.0, **think(1.0))]
    text = words(analysed(made.run(tmp_path / "run", specs)))
    assert "The loads differ at 10 users (think_time_s): such a ratio is of two loads" in text
    assert "mocking the LLM makes RPS" not in text


@pytest.mark.parametrize(
    ("ms", "asked", "said"), [(190.0, {}, True), (5.0, {}, False), (190.0, {"rate": 20.0}, False)]
)
def test_connecting_that_no_figure_has_is_said(
    made: Any, tmp_path: Path, ms: float, asked: dict[str, Any], said: bool
) -> None:
    spec = made.spec(requested=asked, achieved={"connects": 100, "connect_ms": ms})
    text = words(analysed(made.run(tmp_path / "run", [spec])))
    line = "local/baseline/c10-r1: connecting took 190 ms a request on average, which is in no figure."
    assert (line in text) is said


def test_a_cell_without_checks_is_not_believed(made: Any, tmp_path: Path) -> None:
    analysis = analysed(made.run(tmp_path / "run", [made.spec(checks=())]))
    assert analysis.exit_code == 3
    assert ": nothing was checked" in words(analysis)
