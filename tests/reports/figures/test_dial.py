"""Elasticities from windows: true where the truth is known, and said in the report."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import orjson
import pytest

from records.cells import layout
from records.evidence.dial import DialWindow, StageRuns, read_windows
from reported import analysed, words
from reports.as_json.results import results_json
from reports.figures.dial import Elasticity, changed, sign
from reports.figures.elasticity import Of, Spans, contrasts, elasticities
from reports.figures.load import Load
from reports.figures.stats import Estimate
from reports.words.dial import dial_sentences
from simulated_dial import SECOND, answers, windows_of
from workloads.stream import STREAM

SECONDS = 100


def found(
    stages: tuple[str, ...], users: int, serve_ms: float, wait_ms: float, usual: float
) -> list[list[Any]]:
    """Of throughput, counted and by cycles, and of the wait for the first token: stage by stage."""
    windows = windows_of(SECONDS, stages, seed=1, usual=usual)
    lives, firsts = answers(windows, users=users, serve_ms=serve_ms, wait_ms=wait_ms, seed=1)
    cycles = Spans(began=lives.began, ended=lives.ended, values=lives.lasted)
    settling = 1.5 * float(np.median(lives.lasted))
    within = (3 * SECOND, SECONDS * SECOND)
    kinds: tuple[tuple[Spans, Of], ...] = ((lives, "count"), (cycles, "pace"), (firsts, "size"))
    return [
        elasticities(contrasts(windows, stages, spans, within, settling, of), np.random.default_rng(0))
        for spans, of in kinds
    ]


def test_what_serves_one_at_a_time_is_all_of_throughput() -> None:
    for [one], truth in zip(found(("embed",), 10, 26, 1, 1.5), (-1, -1, 1), strict=True):
        assert one.value == pytest.approx(truth, abs=0.1)
        assert one.low <= truth <= one.high
        assert sign(one) == ("+" if truth > 0 else "-")


def test_who_waits_beside_a_queue_costs_nothing() -> None:
    for (embed, llm), truth in zip(found(("embed", "llm"), 20, 26, 250, 2), (-1, -1, 1), strict=True):
        assert embed.value == pytest.approx(truth, abs=0.2)
        assert llm.value == pytest.approx(0, abs=0.2)
        assert sign(llm) == ""


def test_a_long_wait_of_few_users_is_theirs() -> None:
    count, pace, wait = found(("embed", "llm"), 4, 10, 1000, 4)
    for (embed, llm), truth in ((pace, -1), (wait, 1)):
        assert llm.value == pytest.approx(truth, abs=0.2)
        assert embed.value == pytest.approx(0, abs=0.2)
    assert count[1].value == pytest.approx(-1, abs=0.4)  # four answers a second


def test_too_few_windows_say_nothing() -> None:
    windows = windows_of(4, ("embed",), seed=1)[:3]
    lives, _ = answers(windows, users=2, serve_ms=20, wait_ms=1)
    made = contrasts(windows, ("embed",), lives, (0, windows[-1].end_ns), 0.0, "count")
    assert elasticities(made, np.random.default_rng(0)) == [None]


def test_a_sign_is_large_and_sure() -> None:
    assert sign(None) == sign(Estimate(value=0.5)) == ""
    assert sign(Estimate(value=0.5, low=-0.1, high=0.9)) == ""
    assert sign(Estimate(value=0.09, low=0.08, high=0.1)) == ""
    assert sign(Estimate(value=0.15, low=0.04, high=0.26)) == ""
    assert sign(Estimate(value=-0.5, low=-0.7, high=-0.1)) == "-"
    slower = changed(Estimate(value=-1.0, low=-1.5, high=-0.5), 1.25)
    assert (slower.value, slower.low) == (pytest.approx(0.8), pytest.approx(1.25**-1.5))
    faster = changed(Estimate(value=-1.0, low=-1.5, high=-0.5), 0.8)
    assert (faster.value, faster.low, faster.high) == (
        pytest.approx(1.25), pytest.approx(0.8**-0.5), pytest.approx(0.8**-1.5)
    )  # fmt: skip


def test_what_matters_is_said_first() -> None:
    def elasticity(users: int, stage: str, rps: float) -> Elasticity:
        sure = Estimate(value=rps, low=rps - 0.02, high=rps + 0.02)
        return Elasticity(
            deployment="local", config="baseline", workload=STREAM, load=Load(users=users), stage=stage,
            own_ms=10.0, made=1.0, windows=12, throughput=sure, compared=None,
        )  # fmt: skip

    known = (elasticity(20, "embed", -1.0), elasticity(20, "llm", 0.0), elasticity(10, "llm", -0.9))
    analysis: Any = SimpleNamespace(dials=known)
    [sentence] = dial_sentences(analysis)
    assert sentence.text == "local/baseline at 20 users, by stage if it were 25 % slower: embed: RPS -20 %."


def put_windows(cell: Path, start_ns: int, seconds: int) -> None:
    """A second each, of which in every other one the embedding is slowed, as fast answers as ever."""
    lines = []
    for number in range(seconds):
        own = StageRuns(runs=20, own_ns=200_000_000, wanted_ns=number % 2, made_ns=number % 2)
        window = DialWindow(
            start_ns=start_ns + number * SECOND, end_ns=start_ns + (number + 1) * SECOND,
            stage="embed" if number % 2 else "", percent=20 if number % 2 else 0, stages={"embed": own},
        )  # fmt: skip
        lines.append(orjson.dumps(window) + b"\n")
    (cell / layout.DIAL).write_bytes(b"".join(lines))


def test_the_report_says_what_a_slower_stage_would_do(made: Any, tmp_path: Path) -> None:
    spec = made.spec(seconds=30.0)
    run = made.run(tmp_path / "run", [spec])
    cell = run / layout.CELLS / spec.name
    assert results_json(analysed(run))["dial"] == []
    put_windows(cell, made.start_ns, 30)
    analysis = analysed(run)
    [one] = results_json(analysis)["dial"]
    assert (one["stage"], one["windows"], one["own_ms"], one["made"]) == ("embed", 15, 10.0, 1.0)
    assert one["rps"]["value"] == pytest.approx(0, abs=0.05)
    assert one["signs"] == {"rps": "", "ttft": ""}
    text = words(analysis)
    assert "local: baseline: what a slower stage costs (elasticities)" in text
    assert "no change shown" in text
    (cell / layout.DIAL).write_text("{}\n")
    assert results_json(analysed(run))["dial"] == []
    assert read_windows(cell / layout.DIAL) == []
