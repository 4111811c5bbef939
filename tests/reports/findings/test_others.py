"""What is no resource that requests queue for: pauses, buffers, refusals; and a service that has room."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from records.cells.reader import read_run
from reports.analysis.analyse import analyse
from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.document.document import Row, Table
from reports.document.render import markdown
from reports.findings.catalogue import diagnosis

SLEEP = {"kind": "sleep", "at": "asyncio.sleep", "where": "embed (mine.py:3)"}
READ = {"kind": "socket-read", "at": "AsyncStream.read", "where": "answer (mine.py:30)"}


def test_a_service_that_scales_says_so_and_accuses_nobody(diagnose: Any, seen: Any) -> None:
    [found] = diagnose(
        seen(users=1, rps=10, waits=({**READ, "count": 1},)),
        seen(users=20, rps=196, waits=({**READ, "count": 20},)),
    )
    assert (found.code, found.binds, found.severity) == ("scales-to-measured-limit", "nothing", "info")


def test_a_plain_wait_is_latency_and_holds_back_nobody(diagnose: Any, seen: Any) -> None:
    [found] = diagnose(
        seen(users=1, rps=10, waits=({**SLEEP, "count": 0.3}, {**READ, "count": 0.7})),
        seen(users=20, rps=196, waits=({**SLEEP, "count": 6}, {**READ, "count": 14})),
    )
    assert (found.code, found.binds, found.where) == ("latency-only", "latency", SLEEP["where"])
    assert {one.figure: one.value for one in found.evidence}["a plain wait there"] == pytest.approx(
        30.6, rel=0.05
    )


def test_garbage_that_is_collected_often(diagnose: Any, seen: Any) -> None:
    found = diagnose(
        seen(users=1, rps=10, waits=({**READ, "count": 1},), gc_ms=20),
        seen(users=20, rps=196, waits=({**READ, "count": 20},), gc_ms=20),
    )
    assert [one.code for one in found] == ["gc-pauses", "scales-to-measured-limit"]


def test_a_loop_that_stands_still_for_garbage_is_not_held_by_the_line_it_is_at(
    diagnose: Any, seen: Any
) -> None:
    at = {"at": "remove", "where": "answer (mine.py:30)"}
    ready = {"kind": "ready", "at": "", "where": "", "count": 19}
    found = diagnose(
        seen(users=1, rps=10, waits=({**READ, "count": 1},), running=at, gc_ms=20),
        seen(users=20, rps=12, waits=(ready,), running=at, gc_ms=70, lag_ms=60),
    )
    assert [one.code for one in found] == ["gc-pauses"]


def test_an_answer_made_in_pieces_that_comes_at_once_is_held(diagnose: Any, seen: Any) -> None:
    slow = {"ttft_ms": 400.0}
    found = diagnose(
        seen(users=1, rps=2, waits=None, llm_ms=(50, 300), spec=slow),
        seen(users=2, rps=4, waits=None, llm_ms=(50, 300), spec=slow),
    )
    assert found[0].code == "buffered-stream"
    assert found[0].effect.mended == pytest.approx(100, rel=0.1)


def test_refusals_are_named(diagnose: Any, seen: Any) -> None:
    found = diagnose(seen(users=20, rps=40, waits=None, spec={"failures": 20}))
    assert found[0].code == "load-shed"


def test_a_finding_says_which_line_of_the_code_it_is_about(diagnose: Any, seen: Any) -> None:
    [found] = diagnose(
        seen(users=1, rps=10, waits=({**SLEEP, "count": 1},)),
        seen(users=4, rps=40, waits=({**SLEEP, "count": 4},)),
    )
    assert found.to_json()["where"] == SLEEP["where"]


def test_what_it_is_not_stands_beside_with_its_figure(
    made: Any, tmp_path: Path, diagnose: Any, seen: Any
) -> None:
    diagnose(
        seen(users=1, rps=10, waits=({**READ, "count": 1},), llm_ms=(40, 0)),
        seen(users=20, rps=196, waits=({**READ, "count": 20},), llm_ms=(41, 0)),
    )
    written = results_json(analyse([read_run(tmp_path / "run")]))
    free = {one["code"]: {e["figure"]: e["value"] for e in one["evidence"]} for one in written["acquittals"]}
    assert set(free) == {
        "event-loop-blocked", "gc-pauses", "llm-upstream-bound", "interpreter-bound", "load-shed", "dns-slow",
        "stage-serialised", "thread-pool-exhausted", "connection-pool-exhausted",
    }  # fmt: skip
    assert free["llm-upstream-bound"]["the LLM server's own first token"] == 41
    said = markdown(blocks(analyse([read_run(tmp_path / "run")])), "t")
    assert "local/baseline at 20 users is not held back by event loop blocked (the loop comes late by" in said


@pytest.mark.parametrize(
    "bad",
    [
        {"groups": [5]}, {"loops": [{"running": "x", "lag_ms": 1}]}, {"gc": {"ms": 1e308, "longest_ms": 1}},
        {"threads": {"count": 1, "groups": ["a"]}}, {"loops": [{"running": None, "lag_ms": -1}]},
    ],
)  # fmt: skip
def test_a_garbled_look_inside_is_not_used(
    tmp_path: Path, diagnose: Any, seen: Any, bad: dict[str, Any]
) -> None:
    loads = [seen(users=n, rps=10 + n, waits=({**READ, "count": n},), llm_ms=(40, 0)) for n in (1, 20)]
    diagnose(*loads)
    for path in (tmp_path / "run").rglob("inside.jsonl"):
        first, *others = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(orjson.dumps({**orjson.loads(first), **bad}) + b"\n" + b"".join(others))
    for path in (tmp_path / "run").rglob("llm.jsonl"):
        first = orjson.loads(path.read_bytes().splitlines()[0])
        for wrong in ({"queued_ms": "x"}, {"queued_ms": [1]}, {"queued_ms": 1e308}, {"ttft_ms": 1.7e308}):
            path.write_bytes(path.read_bytes() + orjson.dumps({**first, **wrong}) + b"\n")
    found = results_json(analyse([read_run(tmp_path / "run")]))["findings"]
    assert [one["code"] for one in found] == ["unknown", "autoscaler-blind"]


def test_what_a_service_calls_its_stages_does_not_act_on_a_terminal() -> None:
    table = Table(title="t", columns=("Conc", "\x1b[31mred"), rows=(Row(cells=("1", "\x07")),))
    assert (table.columns[1], table.rows[0].cells[1]) == ("\\x1b[31mred", "\\x07")


def test_of_one_valid_load_it_is_said_which_others_were_measured(made: Any, tmp_path: Path) -> None:
    specs = [made.spec(concurrency=1), made.spec(concurrency=20, checks=made.fail)]
    [found] = diagnosis(analyse([read_run(made.run(tmp_path / "run", specs))]))
    assert [(one.figure, one.value) for one in found.evidence] == [
        ("loads with a valid cell", 1),
        ("loads without one", 1),
    ]
    assert found.advice.startswith("Measure 20 users again, of which no cell is valid")
