"""A new metric is a line in its workload: no list of columns names it, and all forms of a report have it."""

import csv
import re
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from loadgen.shapes.level_table import table
from records.cells.cell import Window
from records.cells.levels import LoadStage, LoadStages
from records.cells.reader import read_run
from reports.analysis.analyse import analyse
from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.document.render import markdown
from reports.export import summary_csv
from workloads.catalogue import WORKLOADS
from workloads.metric import Metric
from workloads.stream import METRICS, STREAM
from workloads.workload import Columns, Throughput, Workload

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "adding-a-metric.md"
HALF = Metric(name="half", title="Half", unit="bytes", of=lambda r: r.bytes / 2, mean=True)


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> Workload:
    """The workload of the document with the metric of the document, and one that has a mean alone."""
    metric, workload, *_ = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    made: dict[str, Any] = {}
    for code in (workload, metric):
        exec(compile(code, str(DOCUMENT), "exec"), made)
    before: Workload = made["ECHO"]
    changed = replace(before, metrics=(*before.metrics, made["WAIT"], HALF))
    monkeypatch.setitem(WORKLOADS, "echo", changed)
    return changed


@pytest.mark.usefixtures("echo")
def test_the_metric_of_the_document_is_in_the_table_the_json_and_the_csv(made: Any, tmp_path: Path) -> None:
    analysis = analyse([read_run(made.run(tmp_path / "run", [made.spec(workload="echo")]))])
    text = markdown(blocks(analysis), "t")
    head = "Latency p50 ms | Latency p95 ms | Size p50 bytes | Wait p50 ms | Half bytes | Fail |"
    assert head in text
    [row] = [line.split(" | ") for line in text[text.index(head) :].splitlines()[2:3]]
    assert row[-3:-1] == ["2.00", "5.00"]
    level = results_json(analysis)["configurations"]["local"]["baseline"]["levels"]["10"]
    assert (level["wait_p50_ms"]["value"], level["half_bytes"]) == (2, 5)
    [one] = csv.DictReader(StringIO(summary_csv(analysis)))
    assert (one["wait_p50_ms"], one["half_bytes"]) == ("2.000", "5.000")


def test_a_streams_columns_are_where_they_were() -> None:
    assert (STREAM.unplaced, STREAM.main) == ((), ("ttft_p50", "ttft_p95"))
    more = replace(STREAM, metrics=(*METRICS, replace(HALF, quantiles=(0.5,))))
    assert more.side[-2:] == more.of_levels_last[-2:] == ("half_p50", "half")


def test_a_shapes_levels_are_told_by_the_workloads_own_figures(record: Any, echo: Workload) -> None:
    per = Throughput(name="mb_per_s", title="MB/s", of=lambda r: r.bytes / 1e6)
    kind = replace(echo, throughput=per, columns=Columns())
    starts_ns = range(0, 10**9, 10**7)
    requests = [record(sent_at_ns=ns, ended_at_ns=ns + 10**6, bytes=50_000) for ns in starts_ns]
    level = LoadStage(level_from=1, level_to=1, start_ns=0, end_ns=10**9)
    text = table(LoadStages(unit="users", levels=(level,)), requests, Window(start_ns=0, end_ns=10**9), kind)
    head, row = text.splitlines()
    assert head.split("  ")[-2:] == ["MB/s", "Latency p50 ms"]
    assert row.split()[-2:] == ["5.0", "1.0"]
