"""What mocking a part gains stands beside findings about it, and against them where that is nothing."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from reports.analysis.subject import Subject
from reports.figures.attribution import CYCLE
from reports.figures.load import Load
from reports.figures.stats import Estimate
from reports.findings.finding import Finding
from reports.findings.supported import supported
from reports.words.diagnosis import section

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
    assert "less of each cycle without the embeddings 4.25 ms (3.90-4.60)" in paragraph.lines[0]


@pytest.mark.parametrize(
    ("finding", "analysis", "line"),
    [
        (FOUND, analysed("llm", low=1, high=2), ""),
        (FOUND, analysed("embeddings", low=1, high=2, load=Load(users=1)), ""),
        (replace(FOUND, code="gc-pauses"), analysed("embeddings", low=1, high=2), ""),
        (replace(FOUND, code="llm-upstream-bound"), analysed("llm", low=50, high=60),
         "each cycle without the LLM"),
        (replace(FOUND, code="stage-serialised", where="stage embed"),
         analysed("embeddings", low=50, high=60), "each cycle without the embeddings"),
        (replace(FOUND, binds="latency"),
         analysed("embeddings", low=50, high=60, of="ttft_p50"), "TTFT p50 without the embeddings"),
    ],
)  # fmt: skip
def test_only_the_effect_of_its_own_part_at_its_own_load_is_said(
    finding: Any, analysis: Any, line: str
) -> None:
    said = [one.figure.removeprefix("less of ") for one in supported(analysis, finding).evidence]
    assert said == ([line] if line else [])
