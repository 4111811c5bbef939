"""Good answers that are not what their figures say: it is said, above the tables where they are many."""

from dataclasses import replace
from typing import Any

import pytest

from records.cells.cell import Check
from reported import analysed, head, rewritten
from reports.analysis.analysis import Analysis
from reports.blocks import blocks
from reports.document.document import Table
from reports.figures.text import NONE
from workloads.catalogue import check_named


@pytest.fixture
def changed(made: Any, tmp_path: Any) -> Any:
    def found(count: int, **changes: Any) -> Analysis:
        """A cell of 100 answers, of which the first ``count`` are changed."""
        run = made.run(tmp_path / str(len(list(tmp_path.iterdir()))), [made.spec(ttfts=(100.0,) * 100)])
        return analysed(rewritten(run, lambda raw, number: raw.update(changes if number < count else {})))

    return found


def table(analysis: Analysis) -> Table:
    return next(block for block in blocks(analysis) if isinstance(block, Table))


@pytest.fixture
def thoughts(changed: Any, made: Any) -> Any:
    none = {"first_token_at_ns": None, "last_token_at_ns": None, "gaps_us": [], "tokens": 0}
    return lambda count: changed(count, first_generated_at_ns=made.start_ns + 10**10, **none)


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


@pytest.mark.parametrize("name", ["cached-answers", "buffering"])
def test_what_was_not_decided_is_a_caution(made: Any, of: Any, name: str) -> None:
    assert check_named(name).worth_telling
    check = Check(name=name, status="n/a", text="they came all at once")
    few = replace(check, text="too few answers to tell: 0 of 8 tokens or more")
    for one, flags, told in (
        (check, (), True),
        (few, (), False),
        (check, ("mock-answer",), name != "buffering"),
    ):
        spec = made.spec(checks=(Check(name="workers", status="pass", text="1 of 1"), one), flags=flags)
        assert (f"{name} was not decided: they came all at once." in head(of(spec))) is told
        assert ("was not decided" in head(of(spec))) is told


@pytest.mark.parametrize(("source", "gap_us", "told"), [
    ("usage", 20_000, True), ("events", 20_000, False), ("usage", 4, False),
])  # fmt: skip
def test_tokens_that_were_not_streamed_are_told(changed: Any, source: str, gap_us: int, told: bool) -> None:
    analysis = changed(100, token_source=source, gaps_us=[gap_us] * 4, tokens=10)
    figures = analysis.levels[0].figures
    assert figures.at("tpot_p50").value == pytest.approx(0.001)
    assert figures.at("itl_p50") is not None
    assert ("hold tokens that were not streamed one by one" in head(analysis)) is told
