"""Where the limit lies by the mocks' effects, and what they say of findings about a part."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from reports.analysis.subject import Subject
from reports.figures.attribution import CYCLE
from reports.figures.load import Load
from reports.figures.stats import Estimate
from reports.findings.common.finding import Finding
from reports.findings.whole.limit import limit
from reports.findings.whole.supported import supported
from reports.words.diagnosis import section

RAISED, NOT = Estimate(value=2.0, low=1.8, high=2.2), Estimate(value=1.0, low=0.9, high=1.1)


def knee(concurrency: int | None, **more: int) -> Any:
    known = {"unsure": False, "invalid": False, "workload_mismatch": (), "other_loads": (), "levels": 2}
    known["config"] = "baseline"
    return SimpleNamespace(concurrency=concurrency, **{**known, **more})


@pytest.mark.parametrize(("knee", "embeddings", "llm", "found"), [
    (knee(10), RAISED, RAISED, "both"), (knee(10), NOT, RAISED, "one"), (knee(10), NOT, NOT, "neither"),
    (knee(10), NOT, None, None), (knee(40), RAISED, RAISED, "below"),
    (knee(None), RAISED, RAISED, "not reached"), (None, RAISED, RAISED, None),
    (knee(None, levels=1), RAISED, RAISED, None),  # of one load nobody knows whether it grows
    (knee(10, unsure=True), RAISED, RAISED, "unsure"), (knee(10, invalid=True), RAISED, RAISED, None),
])  # fmt: skip
def test_the_side_of_the_limit(knee: Any, embeddings: Any, llm: Any, found: str | None) -> None:
    both = (("mock-embeddings", embeddings), ("mock-llm", llm))
    compared: Any = [SimpleNamespace(config=name, throughput=ratio) for name, ratio in both if ratio]
    told = limit(compared, knee, Load(users=20))
    assert (told and told.is_it) == found


LOAD = Load(users=20)
FOUND = Finding(
    code="embedding-cpu-bound", about=Subject(deployment="local", config="baseline", load=LOAD),
    binds="throughput", confidence="shown", severity="high", evidence=(), advice="embed in batches",
)  # fmt: skip
MEDIAN = SimpleNamespace(median=SimpleNamespace(key="ttft_p50"))


def analysed(factor: str, *, low: float, high: float, of: str = CYCLE, load: Load = LOAD) -> Any:
    """Of a cycle of 100 ms."""
    saved = Estimate(value=(low + high) / 2, low=low, high=high)
    effect = SimpleNamespace(
        deployment="local", reference="baseline", load=load, factor=factor, of=of, title="TTFT p50",
        now=100.0, workload=MEDIAN, estimate=saved, together=saved,
    )  # fmt: skip
    return SimpleNamespace(effects=(effect,), services=())


@pytest.mark.parametrize(
    ("low", "high", "sure"), [(3.9, 30.1, "shown"), (-9.0, 12.0, "shown"), (-2.0, 3.0, "likely")]
)
def test_a_finding_about_a_part_says_what_its_mock_gains(low: float, high: float, sure: str) -> None:
    found = supported(analysed("embeddings", low=low, high=high), FOUND)
    [line] = found.to_json()["evidence"]
    assert line["figure"] == "less of each cycle without the embeddings"
    assert (line["low"], line["high"], found.confidence) == (low, high, sure)


def test_it_is_said_with_its_interval() -> None:
    [paragraph] = section([supported(analysed("embeddings", low=3.9, high=4.6), FOUND)], [])
    assert "less of each cycle without the embeddings: 4.25 ms (3.90-4.60)" in paragraph.lines[1]


@pytest.mark.parametrize(("changes", "part", "effect", "line"), [
    ({}, "llm", {}, ""), ({}, "embeddings", {"load": Load(users=1)}, ""),
    ({"code": "gc-pauses"}, "embeddings", {}, ""),
    ({"code": "llm-upstream-bound"}, "llm", {}, "each cycle without the LLM"),
    ({"code": "stage-serialised", "where": "stage embed"}, "embeddings", {},
     "each cycle without the embeddings"),
    ({"binds": "latency"}, "embeddings", {"of": "ttft_p50"}, "TTFT p50 without the embeddings"),
])  # fmt: skip
def test_only_the_effect_of_its_own_part_at_its_own_load_is_said(
    changes: dict[str, Any], part: str, effect: dict[str, Any], line: str
) -> None:
    found = supported(analysed(part, low=50, high=60, **effect), replace(FOUND, **changes))
    said = [one.figure.removeprefix("less of ") for one in found.evidence]
    assert said == ([line] if line else [])
