"""Effects of the mocked parts: exact where the data are, and as sure as they say."""

import importlib.util
import sys
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.services.variants import MOCKS
from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.document.document import Table
from reports.figures.effects import FACTORS, Noise, Timed, noise_of, saved
from reports.figures.stats import Estimate
from reports.tables.effects import WITHOUT_REPEATS, effect_tables, saved_ms
from support import ROOT

MS = st.integers(1, 100_000)


@pytest.fixture(scope="module")
def intervals() -> ModuleType:
    spec = importlib.util.spec_from_file_location("intervals_bench", ROOT / "benchmarks" / "intervals.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def noise(times: dict[str, Any]) -> Noise | None:
    """``times``: of each variant the milliseconds by repeat."""
    return noise_of(
        Timed(group=0, service=variant, point=0, repeat=repeat, ms=ms)
        for variant, cells in times.items()
        for repeat, ms in cells.items()
    )


@given(MS, MS, MS, st.integers(1, 4), st.permutations(sorted(MOCKS)), st.randoms())
def test_effects_of_additive_times_are_exact_in_any_order(
    rest: int, embeddings: int, llm: int, repeats: int, order: list[str], random: Any
) -> None:
    own = {"baseline": embeddings + llm, "mock-embeddings": llm, "mock-llm": embeddings, "mock-both": 0}
    shuffled = {}
    for variant in order:
        cells = [(repeat, float(rest + own[variant])) for repeat in range(repeats)]
        random.shuffle(cells)
        shuffled[variant] = dict(cells)
    assert {factor: saved(factor, shuffled).ms for factor in FACTORS} == {
        "embeddings": embeddings, "llm": llm, "interaction": 0
    }  # fmt: skip


TIMES = st.lists(st.floats(0.1, 1e5), min_size=8, max_size=8)


@given(TIMES, st.sampled_from((0.5, 2.0, 1000.0)), st.permutations(range(8)))
def test_scaled_times_scale_effects_and_their_intervals(ms: Any, scale: float, order: Any) -> None:
    def effects(scale: float, order: list[int]) -> list[Estimate]:
        where = list(product(MOCKS, range(2)))
        times: dict[str, dict[Any, float]] = {variant: {} for variant in MOCKS}
        for i in order:
            times[where[i][0]][where[i][1]] = scale * ms[i]
        return [saved(factor, times).estimate(noise(times)) for factor in FACTORS]

    for plain, scaled in zip(effects(1.0, list(range(8))), effects(scale, order), strict=True):
        near = {"rel": 1e-6, "abs": 1e-6 * scale * max(ms)}
        assert scaled.value == pytest.approx(scale * plain.value, **near)
        assert scaled.low == pytest.approx(scale * plain.low, **near)


def test_intervals_hold_what_they_claim(intervals: ModuleType) -> None:
    """As ``benchmarks/intervals.py`` with its 1,000; of these 200 sweeps' effects a little less exactly."""
    for truth, (least, most) in intervals.SWEEPS.values():
        counts = intervals.simulate(200, 7, truth=truth, repeats=2)
        assert all(least - 0.02 <= share <= most + 0.02 for share in counts.coverage.values()), truth
        assert np.mean(counts.at_once) >= 0.91


def test_what_an_instant_cell_differs_by_does_not_widen_what_takes_long() -> None:
    """2 ms more of a millisecond are nothing beside a baseline of 500, however many times it is."""

    def sd(instant: tuple[float, float]) -> float:
        pairs = {"baseline": (500, 510), "mock-embeddings": (400, 390), "mock-llm": (180, 183)}
        return noise({name: dict(enumerate(ms)) for name, ms in {**pairs, "mock-both": instant}.items()}).sd

    assert sd((0.3, 2.6)) == pytest.approx(sd((1.0, 1.0)), rel=0.05)


def test_repeats_that_are_alike_by_chance_do_not_make_an_effect_exact() -> None:
    assert noise({variant: {0: 5.0, 1: 5.0} for variant in MOCKS}).sd > 0.01
    assert noise({variant: {0: 5.0} for variant in MOCKS}) is None


@pytest.fixture
def design(made: Any, of: Any) -> Any:
    def run(*more: Any, repeats: int = 2, variants: Any = tuple(MOCKS), own: Any = None) -> Any:
        """The embeddings take 100 ms of the cycle and 60 of the TTFT, the LLM 200 and 90."""
        cycle = {"baseline": 400, "mock-embeddings": 300, "mock-llm": 200, "mock-both": 100}
        ttft = {"baseline": 180.0, "mock-embeddings": 120.0, "mock-llm": 90.0, "mock-both": 30.0}
        return of(*(
            made.spec(
                config=variant, concurrency=users, repeat=repeat, rps=1000 * users / cycle[variant],
                ttft_ms=ttft[variant] * (1 + 0.02 * (repeat - 1)), jitter_ms=1.0, seconds=6.0,
                **(own or {}).get(variant, {}),
            )
            for variant in variants for users in (1, 10) for repeat in range(1, repeats + 1)
        ), *more)  # fmt: skip

    return run


def test_a_design_gives_its_effects(design: Any) -> None:
    analysis = design()
    cycle = [e.estimate.value for e in analysis.effects if e.of == "cycle"]
    assert cycle == pytest.approx([100, 200, 0] * 2, abs=1)
    ttft = {(e.load.users, e.factor): e for e in analysis.effects if e.of == "ttft_p50"}
    assert ttft[10, "llm"].estimate.value == pytest.approx(90, abs=2)
    assert {e.family for e in ttft.values()} == {6}
    for effect in ttft.values():
        assert effect.together.low < effect.estimate.low < effect.estimate.value < effect.estimate.high
    assert (ttft[10, "llm"].shown, ttft[10, "interaction"].shown) == (True, False)
    [p95] = [e for e in analysis.effects if (e.of, e.load.users, e.factor) == ("ttft_p95", 1, "llm")]
    assert (p95.estimate, p95.missing) == (None, ("baseline", "mock-llm")), "15 answers are too few"


def test_effects_in_the_files_and_the_tables(design: Any) -> None:
    analysis, keys = design(), ("concurrency", "of", "factor")
    wanted = (10, "ttft_p50", "embeddings")
    [one] = [e for e in results_json(analysis)["effects"] if tuple(e[key] for key in keys) == wanted]
    assert one["effect"]["value"] == pytest.approx(60, abs=2)
    assert one["all_together"]["low"] < one["effect"]["low"]
    assert (one["shown"], one["missing"], one["differ_in"]) == (True, [], [])
    titles = [block.title for block in blocks(analysis) if isinstance(block, Table)]
    assert "local: what each part takes of the cycle time (ms a request)" in titles
    table = list(effect_tables(analysis))[1]
    assert table.columns == ("Conc", "Baseline", "embeddings", "LLM", "interaction", "Beyond chance")
    assert [row.cells[-1] for row in table.rows] == ["embeddings, LLM"] * 2


def test_of_a_part_of_the_design_what_can_be_said_is_said(design: Any) -> None:
    [table, _] = effect_tables(design(variants=("baseline", "mock-llm")))
    assert [row.cells[2] for row in table.rows] == ["-", "-"]
    assert table.rows[0].cells[3].startswith("200 (")
    assert "'-' at 1 user and 10 users: no valid cell of mock-embeddings and mock-both." in table.notes


@pytest.mark.parametrize("variants", [("baseline",), ("mock-llm", "mock-both")])
def test_without_a_mock_or_a_baseline_there_are_no_effects(design: Any, variants: tuple[str, ...]) -> None:
    analysis = design(variants=variants)
    assert not analysis.effects
    assert not list(effect_tables(analysis))


def test_one_repeat_gives_effects_without_intervals_and_says_why(design: Any) -> None:
    [table, _] = effect_tables(design(repeats=1))
    assert table.rows[1].cells == ("10", "400", "100", "200", "0.00", "-")
    assert WITHOUT_REPEATS in table.notes


def test_invalid_cells_enter_no_effect(made: Any, design: Any) -> None:
    """Neither its time nor its repeat, where another repeat is valid."""
    effects = design(made.spec(repeat=3, rps=900, checks=made.fail)).effects
    [one] = [e for e in effects if (e.of, e.load.users, e.factor) == ("cycle", 10, "llm")]
    assert (one.now, one.estimate.value) == (pytest.approx(400), pytest.approx(200))


@pytest.mark.parametrize(("retrieval", "differ"), [("async", ()), ("blocking", ("RETRIEVAL",))])
def test_variants_that_differ_in_more_than_the_mock_have_no_effect(
    design: Any, retrieval: str, differ: tuple[str, ...]
) -> None:
    kept = {
        variant: {**MOCKS[variant].settings, "RETRIEVAL": value}
        for variant, value in (("baseline", "async"), ("mock-llm", retrieval))
    }
    own = {variant: {"requested": {"variant": one}, "settings": one} for variant, one in kept.items()}
    analysis = design(variants=tuple(own), own=own)
    found = [e for e in analysis.effects if e.factor == "llm" and e.of == "cycle"]
    assert {(e.differ_in, e.estimate is None) for e in found} == {(differ, bool(differ))}
    said = "'-' where the variants differ in more than the mock: RETRIEVAL."
    assert (said in next(effect_tables(analysis)).notes) is bool(differ)


def test_repeats_that_not_all_variants_have_are_left_out() -> None:
    """What the machine did in the second repeat would else pass for an effect."""
    assert saved("llm", {"baseline": {1: 300.0, 2: 600.0}, "mock-llm": {1: 100.0}}).ms == 200.0
    apart = saved("llm", {"baseline": {1: 300.0}, "mock-llm": {2: 100.0}})
    assert apart.estimate(Noise(sd=0.1, freedom=5.0)).low is None


def test_an_interval_below_nothing_is_read_as_one() -> None:
    assert saved_ms(Estimate(value=1.5, low=-2.0, high=5.0)) == "1.50 (-2.00 to 5.00)"
