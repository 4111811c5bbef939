"""The report's first lines: few enough, and the truth for a reader who reads nothing else."""

import re
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from records.cells.cell import Check
from records.cells.reader import read_run
from reported import printed, what_this_says
from reports.analysis.analyse import analyse
from reports.analysis.analysis import Analysis
from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.document.document import Paragraph, Table
from reports.document.render import markdown
from reports.words.headline import LINES

RPS = {
    "baseline": {1: 5.0, 5: 22.0, 10: 30.0, 20: 31.0},
    "mock-embeddings": {1: 5.5, 5: 25.0, 10: 40.0, 20: 75.0},
    "mock-llm": {1: 8.0, 5: 28.0, 10: 30.0, 20: 31.0},
    "mock-both": {1: 90.0, 5: 300.0, 10: 410.0, 20: 420.0},
}
STALLED = (Check(name="generator-lag", status="fail", text="40 ms late; measure on a quieter machine"),)


def sweep(made: Any, deployments: tuple[str, ...] = ("local",), **more: Any) -> list[Any]:
    """Four configurations at four levels, twice: one after the other."""
    return [
        made.spec(
            deployment=d, config=config, concurrency=n, rps=rps, repeat=repeat,
            late_s=100.0 * i + 10.0 * j, **more,
        )
        for d in deployments
        for i, (config, by_level) in enumerate(RPS.items())
        for j, (n, rps) in enumerate(by_level.items())
        for repeat in (1, 2)
    ]  # fmt: skip


def analysed(made: Any, path: Path, specs: list[Any], **meta: Any) -> Analysis:
    return analyse([read_run(made.run(path, specs, **meta))])


def changed(specs: list[Any], config: str, users: int, repeat: int, **changes: Any) -> list[Any]:
    """The same with one cell changed."""
    return [
        replace(s, **changes) if (s.config, s.concurrency, s.repeat) == (config, users, repeat) else s
        for s in specs
    ]


def head(analysis: Analysis) -> str:
    return " ".join(what_this_says(analysis))


def height(analysis: Analysis, width: int = 100) -> int:
    """The lines of the first paragraph as printed, its title left out."""
    return printed(analysis, width).split("\n\n")[0].count("\n")


def test_a_good_sweep_is_told_in_eight_lines_before_any_table(made: Any, tmp_path: Path) -> None:
    analysis = analysed(made, tmp_path / "run", sweep(made))
    first = blocks(analysis)[0]
    assert isinstance(first, Paragraph)
    assert first.title == "What this says"
    assert isinstance(blocks(analysis)[1], Table)
    assert height(analysis) <= LINES
    lines = markdown(blocks(analysis), "t").split("\n\n")[2].splitlines()
    assert sum(len(textwrap.wrap(line, 100)) for line in lines) <= LINES
    assert lines[0] == "- All 32 cells are valid."
    said = head(analysis)
    assert "local: baseline stops growing at 5-10 users, at 30.0 (" in said
    assert "mock-embeddings still grew at 20 (75.0 RPS); mock-llm stops at 1-5 (28.0 RPS)" in said
    assert "At 20 users mocking the embeddings makes RPS 2.42x (" in said
    assert "mocking the LLM shows no difference, 1.00x (" in said
    assert "mocking both makes it 13.5x (" in said
    assert "At 20 users what the embedding side takes holds throughput down" in said
    assert "Read with care" not in said
    assert results_json(analysis)["says"] == what_this_says(analysis)


def test_what_makes_cells_invalid_and_what_to_do_is_said_first(made: Any, tmp_path: Path) -> None:
    specs = changed(sweep(made), "mock-llm", 20, 1, checks=STALLED)
    specs = changed(specs, "mock-llm", 20, 2, checks=STALLED)
    specs = changed(specs, "baseline", 1, 1, checks=made.fail)
    analysis = analysed(made, tmp_path / "run", specs)
    assert what_this_says(analysis)[0] == (
        "29 of 32 cells are valid, the others enter no figure. The check generator-lag failed in 2 of them: "
        "40 ms late; measure on a quieter machine."
    )
    assert "mock-llm has no valid cell above 10 users" in head(analysis)
    assert height(analysis) <= LINES


def test_a_configuration_without_a_valid_cell_is_named(made: Any, tmp_path: Path) -> None:
    specs = [s if s.config != "mock-both" else replace(s, checks=STALLED) for s in sweep(made)]
    said = head(analysed(made, tmp_path / "run", specs))
    assert "Nothing can be said about local/mock-both: no cell is valid." in said
    assert "mocking both" not in said


def test_other_peoples_lines_stay_on_one(made: Any, tmp_path: Path) -> None:
    long = (Check(name="failures", status="fail", text="9 of 9\nfailed: " + "x " * 900),)
    specs = [made.spec(checks=long), made.spec(concurrency=20)]
    first = what_this_says(analysed(made, tmp_path / "run", specs))[0]
    assert "\n" not in first
    assert len(first) < 400
    assert first.endswith("x ...")


def spoiled(made: Any) -> list[Any]:
    """Everything that there is to be careful about, at once."""
    noise = {"steal_percent": 16.0, "generator_delay_percent": 9.0}
    specs = sweep(made, achieved={"noise": noise}, checks=made.as_is, stages={"llm": 900.0}, late=8)
    specs = changed(specs, "baseline", 20, 2, rps=60.0)
    specs = changed(specs, "mock-both", 20, 2, requested={"think_time_s": 1.0})
    specs = changed(specs, "mock-llm", 1, 2, late_s=0.0)
    return [replace(s, paths={"search": f"Search@{s.config}"}) for s in specs]


def test_however_much_is_wrong_it_is_all_named_in_eight_lines(made: Any, tmp_path: Path) -> None:
    analysis = analysed(made, tmp_path / "run", spoiled(made))
    said = head(analysis)
    assert height(analysis) <= LINES
    for brief in (
        "the configuration of 32 of 32 cells was set, not proved",
        "4 pairs are not compared, they also differ in stage search",
        "some ratios are of two loads that differ (think_time_s)",
        "overlap in time",
        "repeats differ by up to 1.94x",
        "stage times of",
        "the host took 16 % of this machine's time",
        "the load generator waited 9 % of the time for a CPU",
        "requests were late",
    ):
        assert brief in said, brief
    assert "(see the verdict)" in said
    verdict = blocks(analysis)[-1]
    assert isinstance(verdict, Paragraph)
    assert verdict.title == "Verdict"
    assert any(
        line.startswith("Repeats differ by more than 1.3x: RPS of local/baseline") for line in verdict.lines
    )


@pytest.mark.parametrize("make", [sweep, spoiled])
def test_two_deployments_keep_to_the_lines_too(made: Any, tmp_path: Path, make: Any) -> None:
    specs = [replace(s, deployment=d) for d in ("local", "k8s") for s in make(made)]
    analysis = analysed(made, tmp_path / "run", specs)
    assert height(analysis) <= LINES
    ratio, believed, *_ = what_this_says(analysis)
    assert re.match(
        r"baseline at 20 users: local has 1.00x \(0\.\d\d-1\.\d\d\) the RPS of k8s, which shows no", ratio
    )
    assert believed == "All 64 cells are valid."


def test_many_deployments_say_that_there_is_more(made: Any, tmp_path: Path) -> None:
    specs = [made.spec(deployment=f"d{n}", late_s=60.0 * n) for n in range(20)]
    lines = what_this_says(analysed(made, tmp_path / "run", specs))
    assert len(lines) <= LINES
    assert lines[0] == "All 20 cells are valid."
    assert "load was measured once" in " ".join(lines)
    assert "There is more to know" in lines[-1]


def test_nothing_at_all_is_one_line(made: Any, tmp_path: Path) -> None:
    analysis = analysed(made, tmp_path / "run", [made.spec(complete=False)])
    assert what_this_says(analysis)[0] == "There is no complete cell: nothing was measured."
    assert "1 cells have no end and were left out: run: local/baseline/c10-r1." in head(analysis)
    assert "0 of 0" not in markdown(blocks(analysis), "t")


@pytest.mark.parametrize(
    ("steals", "said"),
    [
        ((12.0, 16.0, 22.0), "The host took 16 % of this machine's time (median over cells; at most 22 %)"),
        ((1.9, 1.9, 50.0), ""),  # one cell of three: it is in its own check
        ((None, None, None), ""),
    ],
)
def test_the_machines_noise_is_said_when_it_matters(
    made: Any, tmp_path: Path, steals: tuple[float | None, ...], said: str
) -> None:
    specs = [
        made.spec(repeat=n, achieved={"noise": {"steal_percent": steal, "pressure_percent": 80.0}})
        for n, steal in enumerate(steals, start=1)
    ]
    analysis = analysed(made, tmp_path / "run", specs)
    assert ("The host took" in head(analysis)) is bool(said)
    assert said in head(analysis)
    assert ("up to as much too long, and throughput too low." in head(analysis)) is bool(said)
    assert "ratios" not in head(analysis)  # there are none
    assert [cell["noise"]["steal_percent"] for cell in results_json(analysis)["verdicts"]] == list(steals)


def test_noise_of_another_writer_is_none(made: Any, tmp_path: Path) -> None:
    specs = [made.spec(achieved={"noise": ["much"]}), made.spec(repeat=2)]
    analysis = analysed(made, tmp_path / "run", specs)
    assert [set(cell["noise"].values()) for cell in results_json(analysis)["verdicts"]] == [{None}] * 2


@pytest.mark.parametrize(
    ("cpus", "said"),
    [
        ({"mode": "auto", "load": [0], "target": [1]}, "CPUs: load on CPU 0, target on CPU 1."),
        ({"mode": "auto", "load": [0], "target": [1, 2, 3, 5]}, "CPUs: load on CPU 0, target on CPUs 1-3,5."),
        ({"mode": "shared", "load": [0, 1], "target": [0, 1]}, "CPUs: load and target shared CPUs 0-1."),
        ({"mode": "0:1", "load": [0], "target": None}, "CPUs: load on CPU 0, the target wherever it runs."),
        (None, ""),
        ({"mode": "auto", "load": "0"}, ""),
    ],
)
def test_the_cpus_are_named_once(made: Any, tmp_path: Path, cpus: Any, said: str) -> None:
    specs = [made.spec(repeat=n, requested={"cpus": cpus}) for n in (1, 2)]
    verdict = blocks(analysed(made, tmp_path / "run", specs))[-1]
    assert isinstance(verdict, Paragraph)
    assert [line for line in verdict.lines if line.startswith("CPUs")] == ([said] if said else [])


def test_what_to_do_is_never_cut(made: Any, tmp_path: Path) -> None:
    told, advice = "no good answer (HTTP 401 " + "no; " * 80 + ")", "set a key, " * 12 + "or ask elsewhere"
    failed = (Check.bounded("failures", 1, 0, told, advice=advice),)
    first = what_this_says(analysed(made, tmp_path / "run", [made.spec(checks=failed)]))[0]
    assert first.startswith(
        "The cell is not valid. The check failures failed: no good answer (HTTP 401 no; no;"
    )
    assert first.endswith(f" ...); {advice}.")
    found = what_this_says(analysed(made, tmp_path / "two", [*spoiled(made), made.spec(
        config="mine", checks=failed, late_s=900.0, seed=9)]))  # fmt: skip
    assert any(advice in line for line in found)


def test_two_deployments_of_which_none_is_valid_have_no_ratio(made: Any, tmp_path: Path) -> None:
    specs = [made.spec(deployment="local"), made.spec(deployment="k8s", checks=made.fail)]
    said = what_this_says(analysed(made, tmp_path / "run", specs))
    assert said[0].startswith("1 of 2 cells are valid")
    assert "local and k8s have no level at which both are valid: they are not compared." in said


def test_that_no_cell_is_valid_is_said_once(made: Any, tmp_path: Path) -> None:
    said = head(analysed(made, tmp_path / "run", [made.spec(checks=made.fail)]))
    assert said.startswith("The cell is not valid. The check retrieval failed: ")
    assert "no cell is valid" not in said
    assert "no valid cell" not in said


def test_a_ratio_that_changes_with_the_load_has_its_range(made: Any, tmp_path: Path) -> None:
    rps = {"local": (40.0, 44.0), "k8s": (10.0, 40.0)}
    specs = [
        made.spec(deployment=d, concurrency=n, rps=r, late_s=50.0 * n)
        for d, pair in rps.items()
        for n, r in zip((1, 10), pair, strict=True)
    ]
    said = what_this_says(analysed(made, tmp_path / "run", specs))[0]
    assert said.endswith("; at other loads the ratio of RPS is 1.10x to 4.00x.")


@pytest.mark.parametrize("long", [1, 4])
def test_the_answer_comes_before_the_cautions(made: Any, tmp_path: Path, long: int) -> None:
    why, advice = (
        "answers were dated up to 61 ms late, in 14 % of the window",
        "end what else runs, " * 5 * long,
    )
    failed = (Check.bounded("generator-lag", 61, 20, why, advice=advice),)
    specs = [
        replace(s, config="after" if s.config == "mock-llm" else "before", rps=s.concurrency * 2.0)
        for s in spoiled(made)
        if s.config in ("baseline", "mock-llm") and s.concurrency > 1
    ]
    specs = changed(changed(specs, "before", 20, 2, checks=failed), "after", 5, 1, checks=failed)
    analysis = analysed(made, tmp_path / "run", specs)
    said = head(analysis)
    assert height(analysis) <= LINES
    assert "10 of 12 cells are valid" in said
    assert ("end what else runs" in said) is (long == 1)
    assert "still grew at" in said
    assert re.search(r"At 20 users configuration \w+ (makes|shows)", said)
    assert re.search(r"Read with care \(see the verdict\): .*\d (more|reasons)", said)


def test_where_a_service_refuses_all_nothing_stands_beside_the_cause(made: Any, tmp_path: Path) -> None:
    checks = (Check(name="failures", status="fail", text="HTTP 404", advice="another --path"),)
    bad = {"rps": 0.0, "failures": 9, "checks": checks, "achieved": {"noise": {"steal_percent": 16.0}}}
    specs = [made.spec(config="as-is", concurrency=n, **bad) for n in (1, 4)]
    assert what_this_says(analysed(made, tmp_path / "run", specs))[-1] == (
        "None of the 2 cells is valid, so there is no figure to believe. The check failures failed in 2 of "
        "them: HTTP 404; another --path."
    )
