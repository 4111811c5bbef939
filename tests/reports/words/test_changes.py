"""Two runs of one service whose code was changed between them: what the change is worth comes first."""

from typing import Any

import pytest

from records.cells.reader import read_run
from reported import notes, what_this_says
from reports.analysis.analyse import analyse
from reports.figures.pooling.run_names import run_names
from reports.figures.stats import Estimate
from reports.figures.text import better

A, B = ({"service": f'{{"code":"{code * 12}","spec":"run:x"}}'} for code in "ab")
MORE = {**B, "CPUs": "[1]"}
OTHER = {"service": B["service"].replace("run:x", "run:y")}


@pytest.mark.parametrize(("facts", "sources", "names"), [
    ((A, B), ("20261129T175029Z-before", "20261129T175129Z-after"), ["before", "after"]),
    ((A, A, B), ("old", "old", "new"), ["old", "old", "new"]),
    ((A, B), ("20261129T175029Z-sweep", "20261129T175129Z-sweep"),
     ["20261129T175029Z-sweep", "20261129T175129Z-sweep"]),
    ((A, B), ("one", "one"), None), ((A, A, B), ("one", "two", "three"), None),
    ((A, MORE), ("one", "two"), None), ((A, OTHER), ("one", "two"), None),
    ((A, {"service": "?"}), ("one", "two"), None), ((A, B), (), None),
])  # fmt: skip
def test_runs_that_differ_in_code_alone_give_their_names(facts: Any, sources: Any, names: Any) -> None:
    assert run_names(facts, sources) == names


@pytest.mark.parametrize(("reference", "said"), [
    (None, "local: mine after has 2.00x ("), ("before", "local: mine after has 2.00x ("),
    ("after", "local: mine before has 0.50x ("),
])  # fmt: skip
def test_what_a_change_is_worth_comes_first(made: Any, tmp_path: Any, reference: Any, said: str) -> None:
    codes = {"before": ("a" * 12, 20.0, 100.0), "after": ("b" * 12, 40.0, 50.0)}
    runs = [
        read_run(made.run(tmp_path / name, [
            made.spec(config="mine", repeat=n, rps=rps, ttft_ms=ttft, late_s=rps * 9,
                      requested={"service": {"code": code}})
            for n in (1, 2)
        ]))
        for name, (code, rps, ttft) in codes.items()
    ]  # fmt: skip
    analysis = analyse(runs, reference)
    first, *others = what_this_says(analysis)
    assert first.startswith(said)
    assert first.endswith(f") {'worse' if reference == 'after' else 'better'} (other code, 10 users).")
    assert not any("configuration mine" in line for line in others)
    assert any("mine before: service.code=aaaaaa" in note for note in notes(analysis))


def test_less_than_one_is_worse() -> None:
    assert better(Estimate(value=0.5, low=0.4, high=0.8)) == "2.00x (1.25-2.50) worse"
