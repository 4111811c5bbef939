"""No record is counted twice, and none whose times or counts cannot be, by the report or by the frame."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from records.cells.believed import LeftOut
from records.cells.reader import read_cell as read_records
from records.cells.reader import read_run
from records.cells.request import decode
from records.files import read_lines
from reported import analysed, report, rewritten, words
from reports.columns.reader import read_cell
from reports.frame.build import frame
from workloads.checks import streams
from workloads.checks.facts import Facts

S, HOUR = 10**9, 3_600 * 10**9
TEN_YEARS = 87_600 * HOUR
Line = dict[str, Any]


def set_to(**changes: Callable[[Line], Any]) -> Callable[[Line], None]:
    def change(line: Line) -> None:
        line |= {name: value(line) for name, value in changes.items()}

    return change


def moved(by_ns: int) -> Callable[[Line], None]:
    """All of its times."""

    def change(line: Line) -> None:
        line |= {name: at + by_ns for name, at in line.items() if name.endswith("_at_ns") and at is not None}

    return change


def took_ms(line: Line) -> float:
    return float(line["ended_at_ns"] - line["sent_at_ns"]) / 1e6


IMPOSSIBLE = {
    "token-before-request": set_to(first_token_at_ns=lambda line: line["sent_at_ns"] - 1),
    "end-before-start": set_to(ended_at_ns=lambda line: line["sent_at_ns"] - 5 * S),
    "end-before-token": set_to(ended_at_ns=lambda line: line["first_token_at_ns"] - 1),
    "tokens-backwards": set_to(last_token_at_ns=lambda line: line["first_token_at_ns"] - 1),
    "headers-after-the-first-token": set_to(headers_at_ns=lambda line: line["first_token_at_ns"] + 1),
    "event-after-the-first-token": set_to(first_event_at_ns=lambda line: line["first_token_at_ns"] + 1),
    "token-before-any-was-generated": set_to(
        first_generated_at_ns=lambda line: line["first_token_at_ns"] + 1
    ),
    "sent-before-it-was-due": set_to(due_at_ns=lambda line: line["sent_at_ns"] + 1),
    "event-in-1970": set_to(first_event_at_ns=lambda _: 10**12),
    "headers-negative": set_to(headers_at_ns=lambda _: -1),
    "first-token-in-ten-years": set_to(**dict.fromkeys(
        ("first_token_at_ns", "last_token_at_ns", "ended_at_ns"), lambda line: line["sent_at_ns"] + TEN_YEARS
    )),
    "body-in-ten-years": set_to(body_ended_at_ns=lambda line: line["ended_at_ns"] + TEN_YEARS),
    "past-all-years": set_to(ended_at_ns=lambda _: (1 << 63) - 1),
    "hours-after-its-cell": moved(30 * HOUR),
    "hours-before-its-cell": moved(-30 * HOUR),
    "tokens-negative": set_to(tokens=lambda _: -3),
    "tokens-absurd": set_to(tokens=lambda _: 10**12, token_source=lambda _: "usage"),
    "more-tokens-than-bytes": set_to(tokens=lambda _: 10, bytes=lambda _: 9),
    "documents-negative": set_to(documents=lambda _: -1),
    "documents-that-would-pass-for-none": set_to(documents=lambda _: -(1 << 63)),
    "due-that-would-pass-for-never": set_to(due_at_ns=lambda _: -(1 << 63)),
    "headers-that-would-pass-for-none": set_to(headers_at_ns=lambda _: -(1 << 63)),
    "tokens-of-the-least-number": set_to(tokens=lambda _: -(1 << 63)),
    "events-absurd": set_to(events=lambda _: 10**12),
    "bytes-absurd": set_to(bytes=lambda _: 10**18),
    "negative-gap": set_to(gaps_us=lambda line: [-1, *line["gaps_us"]]),
    "gaps-longer-than-its-tokens": set_to(gaps_us=lambda line: [20, *line["gaps_us"]]),
    "gaps-shorter-than-its-tokens": set_to(**dict.fromkeys(
        ("last_token_at_ns", "ended_at_ns"), lambda line: line["first_token_at_ns"] + 1_000_000
    )),
    "gaps-longer-than-an-answer-of-no-dated-token": set_to(
        first_token_at_ns=lambda _: None, last_token_at_ns=lambda _: None, gaps_us=lambda _: [10**8]
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", IMPOSSIBLE.values(), ids=list(IMPOSSIBLE))
def test_what_cannot_have_been_is_in_no_figure_and_said(
    made: Any, tmp_path: Path, change: Callable[[Line], None]
) -> None:
    spec = made.spec(seconds=10.0, achieved={"records": 200})
    run = made.run(tmp_path / "run", [spec])
    [whole] = read_run(run).cells
    rewritten(run, lambda line, number: change(line) if number == 77 else None)
    found, careful = read_cell(whole.path), read_records(whole.path)
    left = [r for r in whole.requests if r.seq != 77]
    assert [r.seq for r in found.requests] == [r.seq for r in careful.requests] == [r.seq for r in left]
    assert found.left_out == careful.left_out
    assert found.cell == careful.cell
    analysis = analysed(run)
    assert analysis.levels[0].valid
    assert analysis.levels[0].figures.requests == 199
    assert "The times or counts of 1 record cannot be" in words(analysis)
    assert {"code": "impossible-times", "cells": [whole.cell.name], "records": 1} in [
        note.to_json() for note in analysis.notes
    ]
    with pytest.warns(UserWarning, match="in no row: 1$"):
        assert list(frame(run)["seq"]) == [r.seq for r in left]


POSSIBLE = {
    "gaps-over-a-pause-left-out": set_to(gaps_us=lambda line: line["gaps_us"][:1]),
    "tokens-counted-by-the-service": set_to(gaps_us=lambda _: [0], token_source=lambda _: "usage"),
    "tokens-of-thoughts-that-the-service-hides": set_to(
        tokens=lambda _: 5000, bytes=lambda _: 900, token_source=lambda _: "usage"
    ),
    "no-documents-and-bytes-that-nobody-counted": set_to(documents=lambda _: None, bytes=lambda _: 0),
    "stages-that-add-up-to-more": set_to(
        stages=lambda line: {"embed": {"running_ms": took_ms(line)}, "llm": {"queued_ms": took_ms(line)}}
    ),
    "another-number-of-a-stage": set_to(stages=lambda _: {"llm": {"score": -1e9, "running_ms": 1.0}}),
}


@pytest.mark.parametrize("change", POSSIBLE.values(), ids=list(POSSIBLE))
def test_what_can_have_been_counts(made: Any, tmp_path: Path, change: Callable[[Line], None]) -> None:
    run = made.run(tmp_path / "run", [made.spec(seconds=2.0)])
    rewritten(run, lambda line, _: change(line))
    [cell] = read_run(run).cells
    assert read_cell(cell.path).left_out == read_records(cell.path).left_out == LeftOut()


@pytest.mark.parametrize("stages", [
    lambda _: {"llm": {"queued_ms": -0.01, "running_ms": 1.0}},
    lambda line: {"embed": {"running_ms": 1.0}, "llm": {"running_ms": took_ms(line) + 5.1}},
], ids=["negative", "longer-than-its-request"])  # fmt: skip
def test_stages_that_cannot_be_change_nothing_of_what_the_client_measured(
    made: Any, tmp_path: Path, stages: Callable[[Line], Any]
) -> None:
    """They are what the service says of itself: it is told that they cannot be, and the load fails."""
    run = made.run(
        tmp_path / "run", [made.spec(seconds=10.0, stages={"llm": 8.0}, achieved={"records": 200})]
    )
    whole = analysed(run)
    rewritten(run, lambda line, _: set_to(stages=stages)(line))
    [cell] = read_run(run).cells
    found, careful = read_cell(cell.path), read_records(cell.path)
    assert found.left_out == careful.left_out == LeftOut()
    analysis = analysed(run)
    assert analysis.levels[0].valid
    assert analysis.levels[0].figures == whole.levels[0].figures
    notes = {note.code for note in analysis.notes}
    assert "impossible-stages" in notes
    assert notes.isdisjoint({"impossible-times", "no-stage-times"})
    records = [decode(line) for _, line in read_lines(cell.path / "requests.jsonl")]
    facts = Facts(requests=records, window=cell.cell.window)
    assert streams.stage_times(facts).status == "fail"


def test_a_cell_with_many_such_records_is_not_believed(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec(seconds=10.0)])
    rewritten(run, lambda line, number: IMPOSSIBLE["end-before-start"](line) if number % 10 == 0 else None)
    done = report(run)
    assert done.exit_code == 3
    assert "the times or counts of 20 of 200 requests cannot be" in " ".join(done.stdout.split())
    with pytest.warns(UserWarning, match="in no row: 20$"):
        assert not frame(run)["valid"].any()


def test_a_cell_whose_target_ended_is_valid_for_nobody(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec(), made.spec(repeat=2)])
    [dead, other] = read_run(run).cells
    (dead.path / "ended.json").write_text('{"text":"it was killed"}')
    found = frame(run)
    valid = dict(found.groupby("cell")["valid"].first())
    assert valid == {dead.cell.name: False, other.cell.name: True}
    assert valid == {cell.cell.name: cell.valid for cell in analysed(run).cells}


def test_a_request_with_two_records_counts_once_by_the_first_whatever_they_say(
    made: Any, tmp_path: Path
) -> None:
    run = made.run(tmp_path / "run", [made.spec(seconds=10.0, achieved={"records": 200})])
    [whole] = read_run(run).cells
    file = whole.path / "requests.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    again = [orjson.loads(line) for line in (*reversed(lines[5:]), lines[0])]
    for line in again[::2]:
        moved(1)(line)
    file.write_bytes(b"".join([*lines, *(orjson.dumps(line) + b"\n" for line in again)]))
    found, careful = read_cell(whole.path), read_records(whole.path)
    assert [r.seq for r in found.requests] == [r.seq for r in careful.requests] == list(range(200))
    assert [r.sent_at_ns for r in found.requests] == [r.sent_at_ns for r in whole.requests]
    assert found.left_out.repeated == careful.left_out.repeated == 196
    analysis = analysed(run)
    assert (analysis.levels[0].valid, analysis.levels[0].figures.requests) == (True, 200)
    assert "196 records are of requests that have another: each request counts once, by the first" in words(
        analysis
    )
    assert len(frame(run)) == 200


def test_a_directory_given_twice_is_read_once_and_said(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec()])
    done = report(run, f"{run}/")
    assert done.exit_code == report(run).exit_code
    assert f"report: {run} was given twice, and is read once" in done.stderr
