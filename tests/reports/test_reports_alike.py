"""What differs in more than its name is not compared, and it is said in what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from records.reader import read_run
from reports.analysis import Analysis, analyse
from reports.blocks import blocks
from reports.document import Paragraph, Table
from reports.export import results_json
from reports.headline import what_this_says

PATHS = {
    "preprocess": "Words@loop", "embed": "MiniLm@pool", "search": "Hnsw@loop",
    "prompt": "Template@loop", "llm": "OpenAi@loop",
}  # fmt: skip
SETTINGS = {
    "USE_MOCK_EMBEDDINGS": False, "USE_MOCK_LLM": False, "RETRIEVAL": "async",
    "OPENAI_BASE_URL": "http://a", "KNOWLEDGE_BASE_DIR": "/a", "PORT": 1,
}  # fmt: skip
MOCKED = {
    "baseline": ({}, {}),
    "mock-embeddings": ({"embed": "Mock@loop"}, {"USE_MOCK_EMBEDDINGS": True}),
    "mock-llm": ({"llm": "Mock@loop"}, {"USE_MOCK_LLM": True}),
    "mock-both": (
        {"embed": "Mock@loop", "llm": "Mock@loop"},
        {"USE_MOCK_EMBEDDINGS": True, "USE_MOCK_LLM": True},
    ),
}


def spec(made: Any, config: str, *, paths: Any = None, settings: Any = None, **more: Any) -> Any:
    """A cell that says what it runs, and that is what its name says, but for what is given."""
    own_paths, own_settings = MOCKED.get(config, ({}, {}))
    return made.spec(
        config=config,
        paths={**PATHS, **own_paths, **(paths or {})},
        settings={**SETTINGS, **own_settings, **(settings or {})},
        late_s=10.0 * list(MOCKED).index(config) if config in MOCKED else 90.0,
        **more,
    )


def analysed(made: Any, tmp_path: Path, *specs: Any) -> Analysis:
    return analyse([read_run(made.run(tmp_path / "run", specs))])


def notes(analysis: Analysis) -> str:
    return " ".join(note for b in blocks(analysis) if isinstance(b, Table) for note in b.notes)


def test_a_mock_may_differ_in_its_own_stage_and_setting(made: Any, tmp_path: Path) -> None:
    analysis = analysed(made, tmp_path, *(spec(made, config) for config in MOCKED))
    assert [c.differ_in for c in analysis.comparisons] == [(), (), ()]
    assert all(c.throughput and c.compared for c in analysis.comparisons)
    assert "compared" not in notes(analysis)


@pytest.mark.parametrize(
    ("config", "changes", "differ"),
    [
        ("mock-embeddings", {"paths": {"search": "Hnsw@pool"}}, "stage search (Hnsw@loop against Hnsw@pool)"),
        ("mock-embeddings", {"paths": {"llm": "Mock@loop"}}, "stage llm (OpenAi@loop against Mock@loop)"),
        ("mock-embeddings", {"settings": {"USE_MOCK_LLM": True}}, "USE_MOCK_LLM"),
        ("mock-llm", {"paths": {"embed": "Mock@loop"}}, "stage embed (MiniLm@pool against Mock@loop)"),
        ("mock-llm", {"settings": {"RETRIEVAL": "blocking"}}, "RETRIEVAL"),
        ("mock-both", {"paths": {"rerank": "New@loop"}}, "stage rerank (nothing against New@loop)"),
        ("mock-both", {"requested": {"cpus": {"mode": "shared", "load": [0], "target": [0]}}}, "CPUs"),
    ],
)  # fmt: skip
def test_what_differs_in_more_has_no_ratio_and_says_so(
    made: Any, tmp_path: Path, config: str, changes: dict[str, Any], differ: str
) -> None:
    pinned = {"cpus": {"mode": "auto", "load": [0], "target": [1]}}
    one = spec(made, "baseline", requested=pinned)
    analysis = analysed(made, tmp_path, one, spec(made, config, rps=90.0, **{"requested": pinned, **changes}))
    [comparison] = analysis.comparisons
    assert comparison.differ_in == (differ,)
    assert (comparison.throughput, comparison.compared) == (None, None)
    said = f"local/{config} is not compared with baseline at 10 users: they also differ in {differ}."
    assert said in notes(analysis)
    head = " ".join(what_this_says(analysis))
    assert said in head
    assert "makes RPS" not in head
    verdict = blocks(analysis)[-1]
    assert isinstance(verdict, Paragraph)
    assert said in verdict.lines
    assert results_json(analysis)["comparisons"][0]["differ_in"] == (differ,)


def test_where_things_lie_is_no_difference(made: Any, tmp_path: Path) -> None:
    elsewhere = {"OPENAI_BASE_URL": "http://b", "KNOWLEDGE_BASE_DIR": "/b", "PORT": 2}
    analysis = analysed(made, tmp_path, spec(made, "baseline"), spec(made, "mock-llm", settings=elsewhere))
    assert [c.differ_in for c in analysis.comparisons] == [()]


def test_of_a_service_that_does_not_say_nothing_is_known(made: Any, tmp_path: Path) -> None:
    analysis = analysed(made, tmp_path, spec(made, "baseline"), made.spec(config="mock-llm", late_s=20.0))
    assert [c.differ_in for c in analysis.comparisons] == [()]
    assert analysis.comparisons[0].throughput is not None


def test_a_name_that_is_not_ours_may_name_anything(made: Any, tmp_path: Path) -> None:
    other = spec(made, "v2", settings={"RETRIEVAL": "blocking"}, paths={"search": "Other@pool"})
    analysis = analysed(made, tmp_path, spec(made, "baseline"), other)
    assert [c.differ_in for c in analysis.comparisons] == [()]


def test_repeats_that_ran_other_code_are_not_pooled_unsaid(made: Any, tmp_path: Path) -> None:
    again = spec(made, "baseline", paths={"search": "Hnsw@pool"}, repeat=2)
    analysis = analysed(made, tmp_path, spec(made, "baseline"), again)
    said = "local/baseline at 10 users pools cells that were asked differently (stage search)"
    assert said in " ".join(what_this_says(analysis))


def test_an_invalid_cell_has_no_say(made: Any, tmp_path: Path) -> None:
    wrong = spec(made, "mock-llm", paths={"search": "Hnsw@pool"}, repeat=2, checks=made.fail)
    analysis = analysed(made, tmp_path, spec(made, "baseline"), spec(made, "mock-llm"), wrong)
    assert [c.differ_in for c in analysis.comparisons] == [()]


def test_deployments_may_be_set_differently_but_run_the_same_code(made: Any, tmp_path: Path) -> None:
    pod = spec(
        made, "baseline", settings={"RETRIEVAL": "blocking"}, deployment="k8s", ttft_ms=200.0, rps=10.0
    )
    analysis = analysed(made, tmp_path, spec(made, "baseline"), pod)
    [ratio] = analysis.deployment_ratios
    assert (ratio.differ_in, ratio.set_apart) == ((), ("RETRIEVAL",))
    assert "Local and K8s are set differently: RETRIEVAL." in notes(analysis)
    assert ratio.throughput is not None
    assert ratio.throughput.value == pytest.approx(2.0)


def test_deployments_that_run_other_code_are_not_compared(made: Any, tmp_path: Path) -> None:
    pod = spec(made, "baseline", paths={"search": "Hnsw@pool"}, deployment="k8s", rps=5.0)
    analysis = analysed(made, tmp_path, spec(made, "baseline"), pod)
    [ratio] = analysis.deployment_ratios
    assert (ratio.throughput, ratio.compared, ratio.second_is_bottleneck) == (None, None, False)
    said = (
        "local/baseline is not compared with k8s at 10 users: they also differ in "
        "stage search (Hnsw@loop against Hnsw@pool)."
    )
    assert said in notes(analysis)
    assert said in what_this_says(analysis)


def test_the_ttft_of_two_deployments_is_compared_like_their_rps(made: Any, tmp_path: Path) -> None:
    """Above 1 the first is faster, in both."""
    slow = spec(made, "baseline", deployment="k8s", ttft_ms=200.0, rps=10.0)
    analysis = analysed(made, tmp_path, spec(made, "baseline"), slow)
    [written] = results_json(analysis)["deployment_ratios"]
    assert written["ttft"]["value"] == pytest.approx(2.0, rel=0.1)
    assert written["ttft"]["low"] > 1.5
    assert written["rps"]["value"] == pytest.approx(2.0)
    assert "TTFT p50, K8s over Local: 2.0" in notes(analysis)
    head = " ".join(what_this_says(analysis))
    assert "baseline at 10 users: local has 2.00x (" in head
    assert "and the TTFT of k8s is 2.0" in head
