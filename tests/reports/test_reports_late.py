"""Answers whose figures are not what they say, late ones first: counted, left out, and told aloud."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from records.cells.cell import Check
from reported import analysed, appended, head, level, notes, rewritten, rows, shaped
from reports.analysis.analysis import Analysis
from reports.analysis.of_loads import Cold
from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.document.document import Paragraph, Table
from reports.export import levels_csv, summary_csv
from reports.figures.text import NONE
from reports.notes.cautions import cautions
from workloads.catalogue import check_named

LEFT_OUT = "left out of latencies because the load generator stalled."


def test_latencies_are_of_the_others_and_rates_of_all(made: Any, of: Any) -> None:
    stages = {"embed": 40.0, "llm": 50.0}
    analysis = of(made.spec(ttfts=(100.0,) * 100, late=12, stages=stages, failures=2))
    figures = analysis.levels[0].figures
    assert (figures.requests, figures.failures, figures.late, figures.answers) == (102, 2, 12, 100)
    assert figures.throughput.value == 20.0
    assert figures.at("ttft_p95").value == pytest.approx(100.0)
    assert figures.at("e2e_p95").value < 101
    assert analysis.latency_breakdowns[0].answers == len(analysis.cells[0].sample.values) == 88


def test_they_are_counted_wherever_figures_are(made: Any, of: Any) -> None:
    analysis = of(made.spec(late=12), made.spec(concurrency=20, late_s=10.0), made.spec(config="mock-llm"))
    assert notes(analysis).count(f"late: 12 of 100 at 10 users, {LEFT_OUT}") == 1
    results = results_json(analysis)
    assert results["configurations"]["local"]["baseline"]["levels"]["10"]["late"] == 12
    assert [cell["late"] for cell in results["verdicts"]] == [12, 0, 0]
    assert [row["late"] for row in rows(analysis)] == ["12", "0", "0"]
    assert summary_csv(analysis).splitlines()[0].endswith(",load,late")


@pytest.mark.parametrize(("late", "told"), [(0, False), (4, False), (12, True)])
def test_only_many_of_them_are_told_above_the_tables(made: Any, of: Any, late: int, told: bool) -> None:
    said = f"Late: {late} of 100 requests of local/baseline at 10 users are in no latency"
    assert (said in head(of(made.spec(late=late)))) is told


def test_a_late_failure_is_a_failure(made: Any, tmp_path: Path) -> None:
    one = replace(made.records(made.spec())[30], outcome="timeout", flags=["late"])
    failed = (replace(one, seq=seq) for seq in range(1000, 1010))
    figures = analysed(appended(made.cell(tmp_path / "cell", made.spec()), *failed)).levels[0].figures
    assert (figures.requests, figures.failures, figures.late) == (110, 10, 10)
    assert figures.endless["ttft_p95_with_failures"] == float("inf")


def test_the_first_requests_are_no_exception(made: Any, tmp_path: Path) -> None:
    cell = made.cell(tmp_path / "cell", made.spec())
    rewritten(cell, lambda raw, _: raw["flags"].append("late"))
    assert analysed(cell).noted(Cold) == ()


def test_a_shapes_levels_count_them_too(made: Any, of: Any) -> None:
    analysis = of(shaped(made, level(made, 2, 0, 5), late=7))
    assert [row["late"] for row in rows(analysis, levels_csv)] == ["7"]
    assert f"late: 7 of 100 at 2, {LEFT_OUT}" in notes(analysis)


@pytest.mark.parametrize(("achieved", "flags", "said"), [
    ({"earlier_tries": 1}, (),
     "1 of 1 cell was measured again: the machine had spoiled it, or it was too short"),
    ({"load_workers": [{"stood_still_percent": 3.0}, {"stood_still_percent": 11.0}]}, (),
     "stood still for up to 11 % of a cell's time"),
    ({}, ("gaps-left-out",), "in 100 % of the answers gaps over a stall are left out of the ITL"),
])  # fmt: skip
def test_what_a_stall_or_the_machine_did_is_a_caution(
    made: Any, of: Any, achieved: dict[str, Any], flags: tuple[str, ...], said: str
) -> None:
    still = [{"stood_still_percent": 1.0}, {"stood_still_percent": None}]
    quiet = made.spec(achieved={"earlier_tries": 0, "load_workers": still})
    for spec, told in ((made.spec(achieved=achieved, flags=flags), True), (quiet, False)):
        sentences = " ".join(sentence for one in cautions(of(spec)) for sentence in one.sentences)
        assert (said in sentences) is told


def test_names_in_somebody_elses_cell_do_nothing_on_a_terminal(made: Any, of: Any) -> None:
    bad = "\x1b[31mred\x07"
    found = of(made.spec(requested={"shape": bad}, checks=(Check(name="x", status="fail", text=bad),)))
    text = " ".join(line for b in blocks(found) if isinstance(b, Paragraph) for line in b.lines)
    assert "\\x1b[31mred\\x07" in text
    assert not any(c in text for c in "\x1b\x07")


@pytest.fixture
def changed(made: Any, tmp_path: Any) -> Any:
    def found(count: int, **changes: Any) -> Analysis:
        """A cell of 100 answers, of which the first ``count`` are changed."""
        run = made.run(tmp_path / str(len(list(tmp_path.iterdir()))), [made.spec(ttfts=(100.0,) * 100)])

        def change(raw: dict[str, Any], number: int) -> None:
            if number < count:
                raw |= {name: to(raw) if callable(to) else to for name, to in changes.items()}

        return analysed(rewritten(run, change))

    return found


def table(analysis: Analysis) -> Table:
    return next(block for block in blocks(analysis) if isinstance(block, Table))


@pytest.fixture
def thoughts(changed: Any, made: Any) -> Any:
    none = {"first_token_at_ns": None, "last_token_at_ns": None, "gaps_us": [], "tokens": 0}
    return lambda count: changed(count, first_generated_at_ns=lambda raw: raw["sent_at_ns"] + 10**7, **none)


@pytest.mark.parametrize(("count", "aloud"), [(4, False), (90, True)])
def test_the_ttft_of_the_few_is_not_that_of_all(thoughts: Any, count: int, aloud: bool) -> None:
    analysis = thoughts(count)
    text = f"{count} of 100 good answers of local/baseline at 10 users held thoughts only"
    assert (text in head(analysis)) is aloud
    said = f"Without TTFT, which is of the others: {count} of 100 at 10 users, without a token of"
    assert said in " ".join(table(analysis).notes)


def test_where_no_answer_has_a_ttft_the_table_says_why(thoughts: Any) -> None:
    analysis = thoughts(100)
    shown = table(analysis)
    by_name = dict(zip(shown.columns, shown.rows[0].cells, strict=True))
    found = [by_name[f"{name} ms"] == NONE for name in ("TTFT p50", "TTFT p95", "E2E p50")]
    assert found == [True, True, False]
    assert "'-': no TTFT without a token of the answer (thoughts only)" in " ".join(shown.notes)
    assert "TTFT p95 wants" not in " ".join(shown.notes)
    assert "there is no TTFT" in head(analysis)


@pytest.mark.parametrize(("count", "aloud"), [(3, False), (50, True)])
def test_answers_that_may_have_been_given_up_are_told(changed: Any, count: int, aloud: bool) -> None:
    analysis = changed(count, finish_reason="user_cancelled")
    said = f"{count} of 100 good answers of local/baseline at 10 users ended for a"
    assert (said in head(analysis)) is aloud
    note = f"Ended for a reason that is not known (user_cancelled): {count} of 100 at 10 users."
    assert note in " ".join(table(analysis).notes)
    known = changed(count, finish_reason="stop")
    assert "reason" not in " ".join((head(known), *table(known).notes))


def test_a_connection_held_open_after_the_answer_is_a_caution(changed: Any, made: Any) -> None:
    said = "the body ended 30 ms after its last event: the service or a proxy holds the connection"
    tokens = dict.fromkeys(("first_token_at_ns", "last_token_at_ns"), made.start_ns + 10**7)
    late = changed(100, sent_at_ns=made.start_ns, due_at_ns=None, ended_at_ns=made.start_ns + 10**8,
                   headers_at_ns=None, first_event_at_ns=None, **tokens,
                   body_ended_at_ns=made.start_ns + 13 * 10**7)  # fmt: skip
    assert said in head(late)
    assert said not in head(changed(100))


ONCE, FEW = "they came all at once", "too few answers to tell: 0 of 8 tokens or more"


@pytest.mark.parametrize(("name", "text", "flags", "told"), [
    ("cached-answers", ONCE, (), True), ("cached-answers", FEW, (), False),
    ("cached-answers", ONCE, ("mock-answer",), True), ("buffering", ONCE, (), True),
    ("buffering", FEW, (), False), ("buffering", ONCE, ("mock-answer",), False),  # a mock's come so
])  # fmt: skip
def test_what_was_not_decided_is_a_caution(
    made: Any, of: Any, name: str, text: str, flags: tuple[str, ...], told: bool
) -> None:
    assert check_named(name).worth_telling
    checks = (Check(name="workers", status="pass", text="1 of 1"), Check(name=name, status="n/a", text=text))
    said = head(of(made.spec(checks=checks, flags=flags)))
    assert (f"{name} could not be decided: {text}." in said) is ("could not be decided" in said) is told


@pytest.mark.parametrize(("source", "gap_us", "told"), [
    ("usage", 20_000, True), ("events", 20_000, False), ("usage", 4, False),
])  # fmt: skip
def test_tokens_that_were_not_streamed_are_told(changed: Any, source: str, gap_us: int, told: bool) -> None:
    first = {"first_token_at_ns": lambda raw: raw["last_token_at_ns"] - 4_000 * gap_us}
    analysis = changed(100, token_source=source, gaps_us=[gap_us] * 4, tokens=1 + 4 * gap_us, **first)
    figures = analysis.levels[0].figures
    assert figures.at("tpot_p50").value == pytest.approx(0.001)
    assert figures.at("itl_p50") is not None
    assert ("hold tokens that were not streamed one by one" in head(analysis)) is told


def test_requests_that_the_end_cut_off_are_counted_below_the_table(changed: Any) -> None:
    said = "aborted: {} at 10 users, without an answer when the load ended, so in no figure."
    assert said.format(3) in notes(changed(3, outcome="aborted"))
    assert not [note for note in notes(changed(0)) if "aborted" in note]
