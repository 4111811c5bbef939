"""The report's first lines: few enough, and the truth for a reader who reads nothing else."""

import re
import textwrap
from dataclasses import replace
from typing import Any

import pytest

from records.cells.cell import Check
from records.services.variants import STAGES
from reported import head, printed, what_this_says
from reports.analysis.analysis import Analysis
from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.document.document import Paragraph, Table
from reports.document.render import markdown
from reports.document.sentence import Sentence
from reports.notes.caution import Caution
from reports.words.headline import LINES, _cut, _in_brief

RPS = {
    "baseline": {1: 5.0, 5: 22.0, 10: 30.0, 20: 31.0},
    "mock-embeddings": {1: 5.5, 5: 25.0, 10: 40.0, 20: 75.0},
    "mock-llm": {1: 8.0, 5: 28.0, 10: 30.0, 20: 31.0},
    "mock-both": {1: 90.0, 5: 300.0, 10: 410.0, 20: 420.0},
}
STALLED = (Check(name="generator-lag", status="fail", text="40 ms late; measure on a quieter machine"),)


def sweep(made: Any, **more: Any) -> list[Any]:
    """Four configurations at four levels, twice: one after the other."""
    return [
        made.spec(config=config, concurrency=n, rps=rps, repeat=repeat, late_s=100.0 * i + 10.0 * j, **more)
        for i, (config, by_level) in enumerate(RPS.items())
        for j, (n, rps) in enumerate(by_level.items())
        for repeat in (1, 2)
    ]


def changed(specs: list[Any], config: str, users: int, repeat: int, **changes: Any) -> list[Any]:
    """The same with one cell changed."""
    one = (config, users, repeat)
    return [replace(s, **changes) if (s.config, s.concurrency, s.repeat) == one else s for s in specs]


def spoiled(made: Any) -> list[Any]:
    """Everything that there is to be careful about, at once."""
    noise = {"steal_percent": 16.0, "generator_delay_percent": 9.0}
    specs = sweep(
        made, achieved={"noise": noise}, checks=made.as_is, stages=dict.fromkeys(STAGES, 60.0), late=8
    )
    specs = changed(specs, "baseline", 20, 2, rps=60.0)
    specs = changed(specs, "mock-both", 20, 2, requested={"think_time_s": 1.0})
    specs = changed(specs, "mock-llm", 1, 2, late_s=0.0)
    return [replace(s, paths={"search": f"Search@{s.config}"}) for s in specs]


def height(analysis: Analysis) -> int:
    """The lines of the first paragraph as printed, its title left out."""
    return printed(analysis).split("\n\n")[0].count("\n")


def verdict(analysis: Analysis) -> Paragraph:
    last = blocks(analysis)[-1]
    assert isinstance(last, Paragraph)
    assert last.title == "Verdict"
    return last


def test_a_good_sweep_is_told_in_few_lines_before_any_table(made: Any, of: Any) -> None:
    analysis = of(*sweep(made))
    first, second, *_ = blocks(analysis)
    assert first.title == "What this says"
    assert isinstance(second, Table)
    assert height(analysis) <= LINES
    lines = markdown(blocks(analysis), "t").split("\n\n")[2].splitlines()
    assert sum(len(textwrap.wrap(line, 100)) for line in lines) <= LINES
    assert lines[0] == "- All 32 cells (measurements) are valid."
    for told in (
        "local: baseline stops growing at 5-10 users, at 30.0 (",
        "mock-embeddings still grew at 20 (75.0 RPS); mock-llm stops at 1-5 (28.0 RPS)",
        "At 20 users mocking the embeddings makes RPS 2.42x (",
        "mocking the LLM shows no difference, 1.00x (",
        "mocking both makes it 13.5x (",
        "At 20 users what the embedding side takes holds throughput down",
    ):
        assert told in head(analysis)
    assert "Read with care" not in head(analysis)
    assert results_json(analysis)["says"] == what_this_says(analysis)


def test_a_line_that_is_left_says_what_its_figures_are(made: Any, of: Any) -> None:
    meant = "RPS: good answers a second; in brackets the range that holds the true figure 19 times in 20."
    rates = {1: 10.0, 4: 20.0, 8: 20.0}
    analysis = of(*(made.spec(concurrency=n, rps=rate) for n, rate in rates.items()))
    assert what_this_says(analysis)[-1] == meant
    assert meant not in what_this_says(of(made.spec(checks=made.fail)))


def test_what_makes_cells_invalid_and_what_to_do_is_said_first(made: Any, of: Any) -> None:
    specs = changed(sweep(made), "mock-llm", 20, 1, checks=STALLED)
    specs = changed(specs, "mock-llm", 20, 2, checks=STALLED)
    analysis = of(*changed(specs, "baseline", 1, 1, checks=made.fail))
    assert what_this_says(analysis)[0] == (
        "29 of 32 cells (measurements) are valid, the others are in no figure. The check generator-lag "
        "failed in 2 of them: 40 ms late; measure on a quieter machine."
    )
    assert "mock-llm has no valid cell above 10 users" in head(analysis)
    assert height(analysis) <= LINES


def test_other_peoples_lines_stay_on_one(made: Any, of: Any) -> None:
    long = (Check(name="failures", status="fail", text="9 of 9\nfailed: " + "x " * 900),)
    first = what_this_says(of(made.spec(checks=long), made.spec(concurrency=20)))[0]
    assert "\n" not in first
    assert len(first) < 400
    assert first.endswith("x ...")


def test_however_much_is_wrong_it_is_all_named_in_few_lines(made: Any, of: Any) -> None:
    analysis = of(*spoiled(made))
    assert height(analysis) <= LINES
    for brief in (
        "the configuration of 32 of 32 cells was set, but not proved",
        "4 pairs are not compared, they also differ in stage search",
        "some ratios are of two loads that differ (think_time_s)",
        "overlap in time",
        "repeats differ by up to 1.94x",
        "stage times of",
        "the host took 16 % of this machine's time",
        "the load generator waited 9 % of the time for a CPU",
        "requests were late",
        "(see the verdict)",
    ):
        assert brief in head(analysis), brief
    differ = "Repeats differ by more than 1.3x: RPS of local/baseline"
    assert any(line.startswith(differ) for line in verdict(analysis).lines)


@pytest.mark.parametrize("make", [sweep, spoiled])
def test_two_deployments_keep_to_the_lines_too(made: Any, of: Any, make: Any) -> None:
    analysis = of(*(replace(s, deployment=d) for d in ("local", "k8s") for s in make(made)))
    assert height(analysis) <= LINES
    ratio, believed, *_ = what_this_says(analysis)
    said = r"baseline at 20 users: local has 1.00x \(0\.\d\d-1\.\d\d\) the RPS of k8s \(no difference"
    assert re.match(said, ratio)
    assert believed == "All 64 cells (measurements) are valid."


RATIOS = (("local", 1, 40.0), ("local", 10, 44.0), ("k8s", 1, 10.0), ("k8s", 10, 40.0))
BROKEN = {"checks": STALLED}


@pytest.mark.parametrize(("specs", "first", "said"), [
    ([{"complete": False}], "100 requests are recorded, but the load has no end (it was killed?): no",
     "1 cell has no end and was left out: run: local/baseline/c10-r1."),
    ([{}, {"config": "mock-both", **BROKEN}], "1 of 2 cells (measurements) is valid",
     "Nothing can be said about local/mock-both: no cell is valid."),
    ([{}, {"deployment": "k8s", **BROKEN}], "1 of 2 cells (measurements) is valid",
     "local and k8s have no level at which both are valid: they are not compared."),
    ([{"deployment": d, "concurrency": n, "rps": rps} for d, n, rps in RATIOS], "baseline at 10 users: local",
     "; at other loads the ratio of RPS is 1.10x to 4.00x."),
    ([{"deployment": f"d{n}", "late_s": 60.0 * n} for n in range(20)], "All 20 cells (",
     "load has one valid cell"),
])  # fmt: skip
def test_what_is_said_of_few_cells(made: Any, of: Any, specs: Any, first: str, said: str) -> None:
    analysis = of(*(made.spec(**one) for one in specs))
    lines = what_this_says(analysis)
    assert lines[0].startswith(first)
    assert said in " ".join(lines)
    assert len(lines) <= LINES
    assert ("There is more to know" in lines[-1]) is (len(specs) == 20)
    assert "0 of 0" not in markdown(blocks(analysis), "t")


@pytest.mark.parametrize(("steals", "said"), [
    ((12.0, 16.0, 22.0), "The host took 16 % of this machine's time (median over cells; at most 22 %)"),
    ((1.9, 1.9, 50.0), ""),  # one cell of three: it is in its own check
    ((None, None, None), ""),
])  # fmt: skip
def test_the_machines_noise_is_said_when_it_matters(made: Any, of: Any, steals: Any, said: str) -> None:
    noises = ({"steal_percent": steal, "pressure_percent": 80.0} for steal in steals)
    analysis = of(*(made.spec(repeat=n, achieved={"noise": noise}) for n, noise in enumerate(noises, 1)))
    assert ("The host took" in head(analysis)) is bool(said)
    assert said in head(analysis)
    least = "without that, times might be as short as 1/1.3 of these, and throughput 1.3 times as high."
    assert (least in head(analysis)) is bool(said)
    assert "ratios" not in head(analysis)  # there are none
    assert [cell["noise"]["steal_percent"] for cell in results_json(analysis)["verdicts"]] == list(steals)


def test_a_generator_that_waited_most_of_the_time_is_not_believed(made: Any, of: Any) -> None:
    noises = [{"generator_delay_percent": waited} for waited in (80.0, 87.0, 100.0)]
    found = of(*(made.spec(repeat=n, achieved={"noise": noise}) for n, noise in enumerate(noises, 1)))
    assert "times and throughput of such a cell may be the machine's, and cannot be believed." in head(found)


def test_noise_of_another_writer_is_none(made: Any, of: Any) -> None:
    [cell] = results_json(of(made.spec(achieved={"noise": ["much"]})))["verdicts"]
    assert set(cell["noise"].values()) == {None}


@pytest.mark.parametrize(("cpus", "said"), [
    ({"mode": "auto", "load": [0], "target": [1]}, "CPUs: load on CPU 0, target on CPU 1."),
    ({"mode": "auto", "load": [0], "target": [1, 2, 3, 5]}, "CPUs: load on CPU 0, target on CPUs 1-3,5."),
    ({"mode": "shared", "load": [0, 1], "target": [0, 1]}, "CPUs: load and target shared CPUs 0-1."),
    ({"mode": "0:1", "load": [0], "target": None}, "CPUs: load on CPU 0, the target wherever it runs."),
    (None, ""), ({"mode": "auto", "load": "0"}, ""),
])  # fmt: skip
def test_the_cpus_are_named_once(made: Any, of: Any, cpus: Any, said: str) -> None:
    lines = verdict(of(*(made.spec(repeat=n, requested={"cpus": cpus}) for n in (1, 2)))).lines
    assert [line for line in lines if line.startswith("CPUs")] == ([said] if said else [])


def test_what_to_do_is_never_cut(made: Any, of: Any) -> None:
    told, advice = "no good answer (HTTP 401 " + "no; " * 80 + ")", "set a key, " * 12 + "or ask elsewhere"
    failed = (Check.bounded("failures", 1, 0, told, advice=advice),)
    first = what_this_says(of(made.spec(checks=failed)))[0]
    assert first.startswith("The cell is not valid. The check failures failed: no good answer (HTTP 401 no;")
    assert first.endswith(f" ...); {advice}.")
    assert advice in head(of(*spoiled(made), made.spec(config="mine", checks=failed, late_s=900.0, seed=9)))


@pytest.mark.parametrize("long", [1, 4])
def test_the_answer_comes_before_the_cautions(made: Any, of: Any, long: int) -> None:
    why, advice = "dated up to 61 ms late, in 14 % of the window", "end what else runs, " * 5 * long
    failed = (Check.bounded("generator-lag", 61, 20, f"answers were {why}", advice=advice),)
    specs = [
        replace(s, config="after" if s.config == "mock-llm" else "before", rps=s.concurrency * 2.0)
        for s in spoiled(made)
        if s.config in ("baseline", "mock-llm") and s.concurrency > 1
    ]
    specs = changed(changed(specs, "before", 20, 2, checks=failed), "after", 5, 1, checks=failed)
    analysis = of(*specs)
    assert height(analysis) <= LINES
    assert "10 of 12 cells (measurements) are valid" in head(analysis)
    assert ("end what else runs" in head(analysis)) is (long == 1)
    assert "still grew at" in head(analysis)
    assert re.search(r"At 20 users configuration \w+ (makes|shows)", head(analysis))
    assert re.search(
        r"Read with care(, for \d reasons?: see| \(see the verdict\): .*\d more)", head(analysis)
    )


def test_where_a_service_refuses_all_nothing_stands_beside_the_cause(made: Any, of: Any) -> None:
    checks = (Check(name="failures", status="fail", text="HTTP 404", advice="another --path"),)
    bad = {"rps": 0.0, "failures": 9, "checks": checks, "achieved": {"noise": {"steal_percent": 16.0}}}
    specs = [made.spec(config="as-is", concurrency=n, **bad) for n in (1, 4)]
    assert what_this_says(of(*specs))[-1] == (
        "Neither of the 2 cells (measurements) is valid, so there is no figure to believe. The check "
        "failures failed in 2 of them: HTTP 404; another --path."
    )


def test_reasons_that_are_only_counted_are_in_the_verdict() -> None:
    care = [Caution(sentences=(), brief="b")] * 2
    assert _in_brief(care, 0, 0) == ["Read with care, for 2 reasons: see the verdict at the end."]
    assert _in_brief(care, 0, 1) == [
        "Read with care (see the verdict): b; 1 more reason in the verdict at the end."
    ]


@pytest.mark.parametrize("height", [7, 8])
def test_where_there_is_no_room_at_all_the_first_caution_has_it(height: int) -> None:
    kept, care = [Sentence(text="x" * 90, kept=True)] * height, [Caution(sentences=(), brief="b")] * 2
    lines = _cut(kept, [], care)[height:]
    assert lines[0] in (
        "Read with care (see the verdict): b; 1 more reason in the verdict at the end.",
        "Read with care (see the verdict): b; b.",
    )
    assert len(lines) == LINES - height
