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
from reports.figures.elasticity import Contrasts, Spans, contrasts, elasticities
from reports.figures.load import Load
from reports.figures.stats import Estimate
from reports.words.dial import dial_sentences
from simulated_dial import SECOND, answers, windows_of
from workloads.stream import STREAM

SECONDS = 100


def found(stages: tuple[str, ...], users: int, serve_ms: float, wait_ms: float, usual: float) -> list[Any]:
    """Of throughput, counted and by cycles, and of the wait for the first token: stage by stage."""
    windows = windows_of(SECONDS, stages, seed=1, usual=usual)
    lives, firsts = answers(windows, users=users, serve_ms=serve_ms, wait_ms=wait_ms, seed=1)
    cycles = Spans(began=lives.began, ended=lives.ended, values=lives.lasted)
    within, settling = (3 * SECOND, SECONDS * SECOND), 1.5 * float(np.median(lives.lasted))
    kinds: Any = ((lives, "count"), (cycles, "pace"), (firsts, "size"))
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
        assert (embed.value, llm.value) == pytest.approx((truth, 0), abs=0.2)
        assert sign(llm) == ""


def test_a_long_wait_of_few_users_is_theirs() -> None:
    count, *others = found(("embed", "llm"), 4, 10, 1000, 4)
    for (embed, llm), truth in zip(others, (-1, 1), strict=True):
        assert (embed.value, llm.value) == pytest.approx((0, truth), abs=0.2)
    assert count[1].value == pytest.approx(-1, abs=0.4)  # four answers a second


def test_too_few_windows_say_nothing() -> None:
    windows = windows_of(4, ("embed",), seed=1)[:3]
    lives, _ = answers(windows, users=2, serve_ms=20, wait_ms=1)
    made = contrasts(windows, ("embed",), lives, (0, windows[-1].end_ns), 0.0, "count")
    assert elasticities(made, np.random.default_rng(0)) == [None]


@pytest.mark.parametrize(("one", "told"), [
    (None, ""), (Estimate(value=0.5), ""), (Estimate(value=0.5, low=-0.1, high=0.9), ""),
    (Estimate(value=0.09, low=0.08, high=0.1), ""), (Estimate(value=0.15, low=0.04, high=0.26), ""),
    (Estimate(value=-0.5, low=-0.7, high=-0.1), "-"),
])  # fmt: skip
def test_a_sign_is_large_and_sure(one: Estimate | None, told: str) -> None:
    assert sign(one) == told


@pytest.mark.parametrize("by", [1.25, 0.8])
def test_what_a_change_of_a_stage_would_do(by: float) -> None:
    one = changed(Estimate(value=-1.0, low=-1.5, high=-0.5), by)
    assert (one.low, one.value, one.high) == pytest.approx(sorted((by**-1.5, by**-1.0, by**-0.5)))


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


def window(start_ns: int, number: int, percent: int, own_ns: int, runs: int = 2) -> DialWindow:
    """A second in which the embedding took so long each time, slowed by so much."""
    own = StageRuns(runs=runs, own_ns=runs * own_ns, wanted_ns=percent, made_ns=percent)
    start, stage = start_ns + number * SECOND, "embed" if percent else ""
    return DialWindow(
        start_ns=start, end_ns=start + SECOND, stage=stage, percent=percent, stages={"embed": own}
    )


def test_the_report_says_what_a_slower_stage_would_do(made: Any, tmp_path: Path) -> None:
    """In every other second the embedding is slowed, and answers are as fast as ever."""
    run = made.run(tmp_path / "run", [made.spec(seconds=30.0)])
    assert results_json(analysed(run))["dial"] == []
    path = run / layout.CELLS / made.spec().name / layout.DIAL
    windows = (window(made.start_ns, n, 20 * (n % 2), 10_000_000, runs=20) for n in range(30))
    path.write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in windows))
    analysis = analysed(run)
    [one] = results_json(analysis)["dial"]
    assert [one[key] for key in ("stage", "windows", "own_ms", "made")] == ["embed", 15, 10.0, 1.0]
    assert one["rps"]["value"] == pytest.approx(0, abs=0.05)
    assert one["signs"] == {"rps": "", "ttft": ""}
    assert "local: baseline: what a slower stage costs (elasticities)" in words(analysis)
    assert "no change shown" in words(analysis)
    path.write_text("{}\n")
    assert results_json(analysed(run))["dial"] == read_windows(path) == []


# -- what a machine does to a stage in a window by chance, beside what the dial does to it


def by_chance(truth: float, *, noise: float, known: bool, seed: int) -> tuple[float, float]:
    """Of 32 windows in which a stage's own time differs by a tenth, as chance has it: what is found, and the
    width of its interval."""
    rng = np.random.default_rng(seed)
    dials = np.log1p(rng.choice([0.1, 0.2, 0.4], (32, 1)))
    owns = rng.normal(0, 0.1, (32, 1))
    changes = truth * (dials + owns)[:, 0] + rng.normal(0, noise, 32)
    made = Contrasts(changes=changes, dials=dials, owns=owns if known else np.zeros((32, 1)))
    [one] = elasticities(made, np.random.default_rng(1))
    return one.value, one.high - one.low


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(("truth", "noise", "near", "narrower"), [
    (-0.9, 0.01, 0.05, 0.5),  # it was slowed by so much more
    (0.0, 0.02, 0.1, 1.05),  # of a stage that does not matter its own time adds no noise
])  # fmt: skip
def test_a_stage_that_took_longer_by_chance(
    seed: int, truth: float, noise: float, near: float, narrower: float
) -> None:
    (value, width), (_, blind) = (by_chance(truth, noise=noise, known=k, seed=seed) for k in (True, False))
    assert value == pytest.approx(truth, abs=near)
    assert width < narrower * blind


def test_what_a_stage_took_is_held_against_the_windows_beside() -> None:
    windows = [window(0, n, 10 * (n == 1), 120 if n == 1 else 100) for n in range(4)]
    ended = np.arange(0.005, 5, 0.01) * SECOND
    spans = Spans(began=ended - SECOND / 100, ended=ended, values=np.full(len(ended), 1.0))
    made = contrasts(windows, ("embed",), spans, (0, 4 * SECOND), 0.0, "pace")
    assert made.owns == pytest.approx(np.log([[1.2]]))
