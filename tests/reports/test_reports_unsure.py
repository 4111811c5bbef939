"""Good answers that are not what their figures say: it is said, above the tables where they are many."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from records.cells.cell import Check
from records.cells.reader import read_run
from records.files import LineFile
from reported import what_this_says
from reports.analysis.analyse import analyse
from reports.analysis.analysis import Analysis
from reports.blocks import blocks
from reports.document.document import Table
from reports.figures.text import NONE
from workloads.catalogue import check_named


def changed(made: Any, folder: Path, count: int, spec: Any = None, **changes: Any) -> Analysis:
    """A cell of 100 answers, of which the first ``count`` are changed."""
    spec = spec or made.spec()
    made.cell(folder, replace(spec, ttfts=(100.0,) * 100))
    (folder / "requests.jsonl").unlink()
    lines = LineFile(folder / "requests.jsonl")
    records = made.records(replace(spec, ttfts=(100.0,) * 100))
    for n, record in enumerate(records):
        lines.append((replace(record, **changes) if n < count else record).encode())
    lines.close()
    return analyse([read_run(folder)])


def thoughts(made: Any, folder: Path, count: int) -> Analysis:
    none = {"first_token_at_ns": None, "last_token_at_ns": None, "gaps_us": [], "tokens": 0}
    return changed(made, folder, count, first_generated_at_ns=made.start_ns + 10**10, **none)


def said(analysis: Analysis) -> str:
    return " ".join(what_this_says(analysis))


def table(analysis: Analysis) -> Table:
    return next(block for block in blocks(analysis) if isinstance(block, Table))


@pytest.mark.parametrize(("count", "aloud"), [(4, False), (90, True)])
def test_the_ttft_of_the_few_is_not_that_of_all(made: Any, tmp_path: Path, count: int, aloud: bool) -> None:
    analysis = thoughts(made, tmp_path / "c", count)
    text = f"{count} of 100 good answers of local/baseline at 10 users held thoughts only"
    assert (text in said(analysis)) is aloud
    notes = " ".join(table(analysis).notes)
    assert f"Without TTFT, which is of the others: {count} of 100 at 10 users, without a token of" in notes


def test_where_no_answer_has_a_ttft_the_table_says_why(made: Any, tmp_path: Path) -> None:
    analysis = thoughts(made, tmp_path / "c", 100)
    shown = table(analysis)
    by_name = dict(zip(shown.columns, shown.rows[0].cells, strict=True))
    assert (by_name["TTFT p50 ms"], by_name["TTFT p95 ms"]) == (NONE, NONE)
    assert by_name["E2E p50 ms"] != NONE
    assert "'-': no TTFT without a token of the answer (thoughts only)" in " ".join(shown.notes)
    assert "TTFT p95 wants" not in " ".join(shown.notes)
    assert "there is no TTFT" in said(analysis)


@pytest.mark.parametrize(("count", "aloud"), [(3, False), (50, True)])
def test_answers_that_may_have_been_given_up_are_told(
    made: Any, tmp_path: Path, count: int, aloud: bool
) -> None:
    analysis = changed(made, tmp_path / "c", count, finish_reason="user_cancelled")
    assert (
        f"{count} of 100 good answers of local/baseline at 10 users ended for a" in said(analysis)
    ) is aloud
    notes = " ".join(table(analysis).notes)
    assert f"Ended for a reason that is not known (user_cancelled): {count} of 100 at 10 users." in notes
    known = changed(made, tmp_path / "known", count, finish_reason="stop")
    assert "reason" not in " ".join((said(known), *table(known).notes))


@pytest.mark.parametrize("name", ["cached-answers", "buffering"])
def test_what_was_not_decided_is_a_caution(made: Any, tmp_path: Path, name: str) -> None:
    assert check_named(name).worth_telling
    check = Check(name=name, status="n/a", text="they came all at once")
    spec = made.spec(checks=(Check(name="workers", status="pass", text="1 of 1"), check))
    analysis = changed(made, tmp_path / "c", 0, spec)
    assert f"{name} could not be decided: they came all at once. It counts neither" in said(analysis)
    few = replace(check, text="too few answers to tell: 0 of 8 tokens or more")
    assert "could not be decided" not in said(
        changed(made, tmp_path / "few", 0, replace(spec, checks=(few,)))
    )
    mock = changed(made, tmp_path / "mock", 0, replace(spec, flags=("mock-answer",)))
    assert ("could not be decided" in said(mock)) is (name != "buffering")  # a mock's come so


@pytest.mark.parametrize(("source", "gap_us", "told"), [
    ("usage", 20_000, True), ("events", 20_000, False), ("usage", 4, False),
])  # fmt: skip
def test_tokens_that_were_not_streamed_are_told(
    made: Any, tmp_path: Path, source: str, gap_us: int, told: bool
) -> None:
    changes = {"token_source": source, "gaps_us": [gap_us] * 4, "tokens": 10}
    analysis = changed(made, tmp_path / "c", 100, **changes)
    assert analysis.levels[0].figures.at("tpot_p50") is not None
    assert analysis.levels[0].figures.at("tpot_p50").value == pytest.approx(0.001)
    streamed = analysis.levels[0].figures.at("itl_p50")
    assert streamed is not None
    assert ("hold tokens that were not streamed one by one" in said(analysis)) is told
