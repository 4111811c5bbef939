"""What differs in more than its name is not compared, and it is said in what."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from alike_cells import MOCKED, spec
from records.cells.reader import read_run
from reported import head, notes, what_this_says
from reports.analysis.analyse import analyse
from reports.as_json.results import results_json
from reports.blocks import blocks

PINNED: dict[str, Any] = {"cpus": {"mode": "auto", "load": [0], "target": [1]}, "machine": "m1"}
TLS = {"ca": None, "insecure": False, "cert": None, "cert_key": None, "server_name": None}
ELSEWHERE = {"OPENAI_BASE_URL": "http://b", "KNOWLEDGE_BASE_DIR": "/b", "PORT": 2}


@pytest.mark.parametrize(("config", "changes", "differ"), [
    *((config, {}, "") for config in list(MOCKED)[1:]),
    ("mock-llm", {"settings": ELSEWHERE}, ""),
    ("v2", {"settings": {"RETRIEVAL": "blocking"}, "paths": {"search": "Other@pool"}}, ""),
    ("mock-embeddings", {"paths": {"search": "Hnsw@pool"}}, "stage search (Hnsw@loop against Hnsw@pool)"),
    ("mock-embeddings", {"paths": {"llm": "Mock@loop"}}, "stage llm (OpenAi@loop against Mock@loop)"),
    ("mock-embeddings", {"settings": {"USE_MOCK_LLM": True}}, "USE_MOCK_LLM"),
    ("mock-llm", {"paths": {"embed": "Mock@loop"}}, "stage embed (MiniLm@pool against Mock@loop)"),
    ("mock-llm", {"settings": {"RETRIEVAL": "blocking"}}, "RETRIEVAL"),
    ("mock-both", {"paths": {"rerank": "New@loop"}}, "stage rerank (nothing against New@loop)"),
    ("mock-both", {"requested": PINNED | {"cpus": {"mode": "shared", "load": [0], "target": [0]}}}, "CPUs"),
    ("mock-both", {"requested": PINNED | {"cpus": {**PINNED["cpus"], "realtime_refused": True}}}, ""),
    ("mock-both", {"requested": PINNED | {"machine": "m2"}}, "machine"),
    ("mock-llm", {"requested": PINNED | {"service": {"spec": "run:x"}}}, "service"),
])  # fmt: skip
def test_what_differs_in_more_has_no_ratio_and_says_so(
    made: Any, of: Any, config: str, changes: dict[str, Any], differ: str
) -> None:
    requested = PINNED | ({"service": {"spec": "run:y"}} if differ == "service" else {})
    one = spec(made, "baseline", requested=requested)
    analysis = of(one, spec(made, config, rps=90.0, **{"requested": PINNED, **changes}))
    [comparison] = analysis.comparisons
    assert comparison.differ_in == ((differ,) if differ else ())
    assert (comparison.throughput is None, comparison.compared is None) == (bool(differ),) * 2
    said = f"local/{config} is not compared with baseline at 10 users: they also differ in {differ}."
    assert (said in " ".join(notes(analysis))) is bool(differ)
    assert (said in head(analysis)) is bool(differ)
    assert ("makes RPS" in head(analysis)) is not bool(differ)
    assert (said in blocks(analysis)[-1].lines) is bool(differ)
    assert results_json(analysis)["comparisons"][0]["differ_in"] == comparison.differ_in


def test_of_a_service_that_does_not_say_nothing_is_known(made: Any, of: Any) -> None:
    [comparison] = of(spec(made, "baseline"), made.spec(config="mock-llm", late_s=20.0)).comparisons
    assert (comparison.differ_in, comparison.throughput is None) == ((), False)


def test_an_invalid_cell_has_no_say_in_what_valid_ones_are(made: Any, of: Any) -> None:
    wrong = spec(made, "mock-llm", paths={"search": "Hnsw@pool"}, repeat=2, checks=made.fail)
    analysis = of(spec(made, "baseline"), spec(made, "mock-llm"), wrong)
    assert [(c.reference, c.differ_in) for c in analysis.comparisons if c.throughput] == [("baseline", ())]


@pytest.fixture
def recipe(made: Any, tmp_path: Path) -> list[Any]:
    """`sweep --set RETRIEVAL=blocking --name before`, and the same without it: cells of the same name."""
    runs = []
    for name, settings, rps, late_s in (
        ("before", {"RETRIEVAL": "blocking"}, 10.0, 0.0),
        ("after", {"CACHE_DIR": "/elsewhere"}, 25.0, 900.0),
    ):
        cells = [spec(made, config, settings=settings, rps=rps) for config in ("baseline", "mock-llm")]
        again = [replace(one, repeat=n, seed=n, late_s=late_s) for one in cells for n in (1, 2)]
        plan = {"targets": [{"label": "local"}], "variants": [{"name": one.config} for one in cells]}
        runs.append(read_run(made.run(tmp_path / name, again, plan=plan)))
    return runs


def test_two_runs_with_other_settings_are_two_rows_and_a_comparison(recipe: list[Any]) -> None:
    analysis = analyse(recipe)
    baseline, mock = (
        [f"{name} RETRIEVAL={one}" for one in ("blocking", "async")] for name in ("baseline", "mock-llm")
    )
    rows = {level.config: round(level.figures.throughput.value) for level in analysis.levels}
    assert rows == {baseline[0]: 10, baseline[1]: 25, mock[0]: 10, mock[1]: 25}
    pairs = {(c.config, c.reference): c.throughput for c in analysis.comparisons}
    fixed = pairs[baseline[1], baseline[0]]
    assert fixed.value == pytest.approx(2.5, rel=0.1)
    assert fixed.low > 2
    assert {pair for pair, rps in pairs.items() if rps} == {
        (baseline[1], baseline[0]), (mock[0], baseline[0]), (mock[1], baseline[1]), (mock[1], mock[0])
    }  # fmt: skip
    assert analysis.exit_code == 0
    assert "local: baseline RETRIEVAL=async has 2.50x (" in head(analysis)


def test_the_other_order_compares_the_other_way_and_a_reference_may_be_named(recipe: list[Any]) -> None:
    assert analyse(recipe[::-1]).comparisons[0].reference == "baseline RETRIEVAL=async"
    named = analyse(recipe, "mock-llm RETRIEVAL=async").comparisons
    assert "mock-llm RETRIEVAL=async" in {c.reference for c in named}


def variant(made: Any, name: str, own: dict[str, str], **more: Any) -> Any:
    """A cell of a variant of the user's, whose own settings were kept."""
    return spec(made, name, requested={"variant": own}, **more)


@pytest.mark.parametrize(("changes", "differ"), [
    ({}, ()),
    ({"paths": {"llm": "Other@loop"}, "settings": {"INDEX": "flat"}},
     ("stage llm (Other@loop against OpenAi@loop)", "INDEX")),
])  # fmt: skip
def test_variants_may_differ_in_their_settings_and_in_what_follows(
    made: Any, of: Any, changes: dict[str, Any], differ: tuple[str, ...]
) -> None:
    own, paths = {"RETRIEVAL": "blocking"}, {"embed": "MiniLm@loop"}
    blocking = variant(made, "blocking", own, settings=own, paths=paths)
    [comparison] = of(blocking, variant(made, "async", {}, rps=50.0, **changes)).comparisons
    assert (comparison.differ_in, comparison.throughput is None) == (differ, bool(differ))


PLANNED = {"variants": [{"name": "slow"}, {"name": "fast"}]}


@pytest.mark.parametrize(("plan", "reference", "expected", "others"), [
    ({}, None, "baseline", {"fast", "slow"}), ({"reference": "slow"}, None, "slow", {"baseline", "fast"}),
    ({"reference": "slow"}, "fast", "fast", {"baseline", "slow"}),
    (PLANNED, None, "baseline", {"fast", "slow"}), (PLANNED, None, "slow", {"fast"}),
])  # fmt: skip
def test_what_is_compared_with(
    made: Any, tmp_path: Path, plan: Any, reference: str | None, expected: str, others: set[str]
) -> None:
    cells = [variant(made, name, {}) for name in sorted({expected, *others} - {"baseline"})]
    cells += [spec(made, "baseline")] * ("baseline" in {expected, *others})
    analysis = analyse([read_run(made.run(tmp_path / "run", cells, plan=plan))], reference)
    assert {(c.reference, c.config) for c in analysis.comparisons} == {(expected, one) for one in others}


# -- deployments


def test_a_ratio_that_may_be_chance_is_no_bottleneck(made: Any, of: Any) -> None:
    slow = spec(made, "baseline", deployment="k8s", rps=4.0, seconds=1.0)
    [ratio] = of(spec(made, "baseline", rps=7.0, seconds=1.0), slow).deployment_ratios
    assert ratio.throughput.value > 1.5
    assert ratio.second_is_bottleneck == ratio.throughput.excludes_one
    assert not replace(ratio, throughput=replace(ratio.throughput, low=0.9)).second_is_bottleneck


def test_deployments_may_be_set_differently_and_their_ttft_is_compared_like_their_rps(
    made: Any, of: Any
) -> None:
    """Above 1 the first is faster, in both."""
    settings = {"RETRIEVAL": "blocking"}
    pod = spec(made, "baseline", settings=settings, deployment="k8s", ttft_ms=200.0, rps=10.0)
    analysis = of(spec(made, "baseline"), pod)
    [ratio] = analysis.deployment_ratios
    assert (ratio.differ_in, ratio.set_apart) == ((), ("RETRIEVAL",))
    assert "Local and K8s are set differently: RETRIEVAL." in " ".join(notes(analysis))
    [written] = results_json(analysis)["deployment_ratios"]
    assert (written["rps"]["value"], written["ttft"]["value"]) == pytest.approx((2.0, 2.0), rel=0.1)
    assert written["ttft"]["low"] > 1.5
    assert "TTFT p50, K8s over Local: 2.0" in " ".join(notes(analysis))
    assert "baseline at 10 users: local has 2.00x (" in head(analysis)
    assert "and the TTFT of k8s is 2.0" in head(analysis)


def test_deployments_that_run_other_code_are_not_compared(made: Any, of: Any) -> None:
    pod = spec(made, "baseline", paths={"search": "Hnsw@pool"}, deployment="k8s", rps=5.0)
    analysis = of(spec(made, "baseline"), pod)
    [ratio] = analysis.deployment_ratios
    assert (ratio.throughput, ratio.compared, ratio.second_is_bottleneck) == (None, None, False)
    said = (
        "not compared with k8s at 10 users: they also differ in stage search (Hnsw@loop against Hnsw@pool)."
    )
    assert said in " ".join(notes(analysis))
    assert f"local/baseline is {said}" in what_this_says(analysis)


@pytest.mark.parametrize(("first", "second", "told"), [
    ({"proxy": None, "tls": TLS}, {"proxy": "p:1", "tls": TLS | {"insecure": True, "server_name": "a"}},
     ("--insecure", "--server-name", "proxy")),
    ({"proxy": None, "tls": None}, {"proxy": None, "tls": TLS}, ("TLS",)),
    ({"machine": "m1"}, {"machine": "m2"}, ("the machine that asked",)),
    ({"proxy": None, "tls": None}, {"proxy": None, "tls": None}, ()), ({"proxy": None, "tls": None}, {}, ()),
])  # fmt: skip
def test_deployments_that_were_reached_differently_are_compared_and_it_is_said(
    made: Any, of: Any, first: dict[str, Any], second: dict[str, Any], told: tuple[str, ...]
) -> None:
    pod = spec(made, "baseline", deployment="k8s", requested=second)
    analysis = of(spec(made, "baseline", requested=first), pod)
    [ratio] = analysis.deployment_ratios
    assert (ratio.throughput is None, ratio.reached_apart) == (False, told)
    *some, last = told or ("",)
    names = f"{', '.join(some)} and {last}" if some else last
    said = f"Local and K8s were reached differently: {names}."
    assert (said in " ".join(notes(analysis))) is bool(told)
    assert (f"local and k8s were reached differently ({names})" in head(analysis)) is bool(told)


@pytest.mark.parametrize(("first", "second", "told"), [
    ("3.11.7 (main) [GCC 12]", "3.11.2 (main) [GCC 12]", True), ("3.11.2 (a)", "3.11.2 (b)", True),
    ("3.11.2", "3.11.2", False), ("3.11.2", "", False),
])  # fmt: skip
def test_deployments_that_are_served_by_other_builds_of_python_are_compared_and_it_is_said(
    made: Any, tmp_path: Path, first: str, second: str, told: bool
) -> None:
    specs = [spec(made, "baseline"), spec(made, "baseline", deployment="pod")]
    analysis = _served_by(made, tmp_path / "run", specs, (first, second))
    [ratio] = analysis.deployment_ratios
    said = "local and pod are served by other builds of Python"
    assert ratio.throughput is not None
    assert (f"{said} ({first}; {second})" in " ".join(blocks(analysis)[-1].lines)) is told
    assert (said in head(analysis)) is told


def test_so_are_two_configurations_and_repeats_that_are_pooled(made: Any, tmp_path: Path) -> None:
    specs = [spec(made, "baseline"), spec(made, "mock-both")]
    lines = blocks(_served_by(made, tmp_path / "one", specs, ("3.11", "3.14")))[-1].lines
    assert "local/mock-both and local/baseline are served by other builds of Python" in " ".join(lines)
    again = [spec(made, "baseline"), spec(made, "baseline", repeat=2)]
    lines = blocks(_served_by(made, tmp_path / "two", again, ("3.11", "3.14")))[-1].lines
    assert "local/baseline is served by several builds of Python (3.11, 3.14)" in " ".join(lines)


def _served_by(made: Any, folder: Path, specs: list[Any], pythons: tuple[str, str]) -> Any:
    labels, names = ({getattr(one, of): None for one in specs} for of in ("deployment", "config"))
    plan = {"targets": [{"label": one} for one in labels], "variants": [{"name": one} for one in names]}
    run = made.run(folder, specs, plan=plan)
    for one, python in zip(specs, pythons, strict=True):
        began_ns = made.start_ns + (one.repeat - 1) * 3_600_000_000_000 + round(one.late_s * 1e9)
        seen = {
            "at_ns": began_ns + 1, "pid": 1, "python": python,
            "loops": [], "groups": [],
            "requests": 1, "others": 0, "server": 1, "executors": [], "threads": {"count": 1, "groups": []},
            "gc": {"collections": 0, "ms": 0.0, "longest_ms": 0.0}, "errors": 0, "took_us": 9,
        }  # fmt: skip
        (run / "cells" / one.name / "inside.jsonl").write_bytes(orjson.dumps(seen) + b"\n")
    return analyse([read_run(run)])
