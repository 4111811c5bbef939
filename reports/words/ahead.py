"""Which of two deployments is ahead, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.analysis.analysis import Analysis
from reports.document.sentence import Sentence
from reports.figures.compare import DeploymentRatio
from reports.figures.text import listed, times
from reports.words import offered


def ahead(analysis: Analysis) -> Iterator[Sentence]:
    """A sentence or two on the first deployment and each other one."""
    ratios = analysis.deployment_ratios
    for second in dict.fromkeys(ratio.second for ratio in ratios):
        yield from _pair(analysis, [ratio for ratio in ratios if ratio.second == second])


def _pair(analysis: Analysis, ratios: Sequence[DeploymentRatio]) -> Iterator[Sentence]:
    """At the highest load of the first configuration that has both."""
    known = [ratio for ratio in ratios if ratio.throughput is not None and not ratio.workload_mismatch]
    if not known:
        if ratios and not any(ratio.workload_mismatch or ratio.differ_in for ratio in ratios):
            text = (
                f"{ratios[0].first} and {ratios[0].second} have no level at which both are valid: they are "
                "not compared."
            )
            yield Sentence(text=text, short=text, kept=True)
        return
    top = max((r for r in known if r.config == known[0].config), key=lambda r: r.load)
    said = f"{_ahead(top)}{_elsewhere(top, known)}"
    if offered.is_offered(top.load):
        said = f"{_faster(top)}; {offered.served_in(analysis, top)}"
    text = f"{top.config} at {top.load.named}: {said}."
    yield Sentence(text=text, short=text, kept=True)
    slower = list(dict.fromkeys(r.config for r in known if r.second_is_bottleneck))
    if slower:
        text = f"{top.second} has a bottleneck of its own ({listed(slower)}): {top.first} answers more there."
        yield Sentence(text=text, short=text)


def _ahead(ratio: DeploymentRatio) -> str:
    """Both ratios, and of each whether it shows a difference at all."""
    said = (
        f"{ratio.first} has {times(ratio.throughput)} the {ratio.workload.throughput.title} of {ratio.second}"
    )
    if ratio.throughput is not None and not ratio.throughput.excludes_one:
        said += " (no difference shown)"
    return said if ratio.compared is None else f"{said}, and {_faster(ratio)}"


def _faster(ratio: DeploymentRatio) -> str:
    first, second, metric = ratio.first, ratio.second, ratio.workload.compared
    one, other = (first, second) if metric.higher_is_better else (second, first)
    said = f"the {metric.title} of {one} is {times(ratio.compared)} that of {other}"
    none = ratio.compared is not None and not ratio.compared.excludes_one
    return f"{said} (no difference shown)" if none else said


def _elsewhere(top: DeploymentRatio, known: Sequence[DeploymentRatio]) -> str:
    """Where the ratio of throughput at other loads is another one, its range."""
    alike = [r for r in known if (r.config, r.workload) == (top.config, top.workload)]
    same, best = [r.throughput for r in alike if r.throughput is not None], top.throughput
    if best is None or best.low is None or best.high is None:
        return ""
    low, high = (pick(same, key=lambda one: one.value) for pick in (min, max))
    if best.low <= low.value and high.value <= best.high:
        return ""
    per = top.workload.throughput.title
    return f"; at other loads the ratio of {per} is {low.value:.2f}x to {high.value:.2f}x"
