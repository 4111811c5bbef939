"""A report of another workload has its metrics, and none of a stream's; the one of the documentation."""

import csv
import re
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from records.cells.reader import read_run
from reports.analysis.analyse import analyse
from reports.analysis.analysis import Analysis
from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.cli import main
from reports.document.render import markdown
from reports.export import summary_csv
from workloads.catalogue import WORKLOADS
from workloads.metric import Metric
from workloads.workload import Columns, Throughput, Workload

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "adding-a-metric.md"
OF_A_STREAM = re.compile(r"ttft|itl|tpot|documents|token", re.IGNORECASE)


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> Workload:
    """The workload that the document shows, in the catalogue."""
    code = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)[1]
    made: dict[str, Any] = {}
    exec(compile(code, str(DOCUMENT), "exec"), made)
    monkeypatch.setitem(WORKLOADS, "echo", made["ECHO"])
    workload: Workload = made["ECHO"]
    return workload


def analysed(*directories: Path) -> Analysis:
    return analyse([read_run(directory) for directory in directories])


def rows(analysis: Analysis) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(summary_csv(analysis))))


def specs(made: Any, **changes: Any) -> list[Any]:
    """Two variants at two loads, twice; the second takes half of the time."""
    return [
        made.spec(
            workload="echo", config=config, concurrency=users, repeat=repeat, rps=40.0, ttft_ms=ms,
            late_s=late_s + users, **changes,
        )
        for config, ms, late_s in (("slow", 100.0, 0.0), ("zippy", 50.0, 100.0))
        for users in (1, 10)
        for repeat in (1, 2)
    ]  # fmt: skip


@pytest.mark.usefixtures("echo")
def test_every_form_of_a_report_has_its_metrics_and_none_of_a_streams(made: Any, tmp_path: Path) -> None:
    analysis = analysed(made.run(tmp_path / "run", specs(made)))
    text = markdown(blocks(analysis), "t")
    assert "| Conc | RPS (95 %) | Latency p50 ms | Latency p95 ms | Size p50 bytes | Fail |" in text
    assert "| Conc | Configuration | RPS | Latency p50 | Differs in |" in text
    assert "Latency p50 ms | Latency max ms" in text  # the first requests
    assert not OF_A_STREAM.search(text)
    assert not OF_A_STREAM.search(summary_csv(analysis))
    written = results_json(analysis)
    assert not OF_A_STREAM.search(str(written))
    level = written["configurations"]["local"]["slow"]["levels"]["10"]
    assert level["workload"] == "echo"
    assert level["latency_p50_ms"]["value"] == pytest.approx(100, abs=3)
    assert level["size_p50_bytes"]["value"] == 10
    assert level["latency_p95_with_failures_ms"] > 100
    first = written["comparisons"][0]
    assert (first["config"], first["reference"], first["workload"]) == ("zippy", "slow", "echo")
    assert first["latency"]["value"] == pytest.approx(2, abs=0.1)
    assert first["rps"]["value"] == pytest.approx(1)
    [one, *_] = rows(analysis)
    assert (one["workload"], one["size_p50_bytes"], one["valid"]) == ("echo", "1.000", "true")


@pytest.mark.usefixtures("echo")
def test_two_deployments_and_failures_are_told_by_its_metrics(made: Any, tmp_path: Path) -> None:
    both = [
        made.spec(workload="echo", deployment=name, rps=rps, ttft_ms=ms, failures=4, late_s=late_s)
        for name, rps, ms, late_s in (("local", 40.0, 50.0, 0.0), ("pod", 20.0, 100.0, 60.0))
    ]
    text = markdown(blocks(analysed(made.run(tmp_path / "run", both))), "t")
    assert "| Conc | Local RPS | Pod RPS | Local Latency | Pod Latency | Ratio (L/P) |" in text
    assert "Latency: median, ms. Ratio: of RPS" in text
    assert not OF_A_STREAM.search(text)


@pytest.mark.usefixtures("echo")
def test_of_several_workloads_the_table_has_the_columns_of_all_and_compares_none(
    made: Any, tmp_path: Path
) -> None:
    stream = made.spec(config="slow", concurrency=10, late_s=500.0)
    analysis = analysed(made.run(tmp_path / "a", specs(made)), made.run(tmp_path / "b", [stream]))
    found = rows(analysis)
    by_kind = {row["workload"]: row for row in found}
    assert by_kind["stream"]["latency_p50_ms"] == by_kind["echo"]["ttft_p50_ms"] == "-"
    assert float(by_kind["stream"]["ttft_p50_ms"]) == pytest.approx(100, abs=5)
    assert [level.workload.name for level in analysis.levels if level.load.users == 10] == [
        "echo", "stream", "echo"
    ]  # fmt: skip
    levels = results_json(analysis)["configurations"]["local"]["slow"]["levels"]
    assert set(levels) == {"1 echo", "10 echo", "10"}
    assert {comparison.workload.name for comparison in analysis.comparisons} == {"echo"}


def test_throughput_may_be_of_bytes_and_a_metric_higher_is_better(
    made: Any, tmp_path: Path, echo: Workload, monkeypatch: pytest.MonkeyPatch
) -> None:
    speed = Metric(
        name="speed", title="Speed", unit="MB/s", of=lambda r: r.bytes / (r.ended_at_ns - r.sent_at_ns) * 1e3,
        quantiles=(0.05, 0.5), with_failures=(0.05,), higher_is_better=True,
    )  # fmt: skip
    changed = replace(
        echo, metrics=(speed,), compared=speed, columns=Columns(main=("speed_p50", "speed_p5")),
        throughput=Throughput(name="kb_per_s", title="kB/s", of=lambda r: r.bytes / 1e3),
    )  # fmt: skip
    monkeypatch.setitem(WORKLOADS, "echo", changed)
    analysis = analysed(made.run(tmp_path / "run", specs(made, failures=20)))
    written = results_json(analysis)
    level = written["configurations"]["local"]["slow"]["levels"]["10"]
    assert level["kb_per_s"]["value"] == pytest.approx(40 * 10 / 1e3)
    assert level["speed_p5_with_failures_mb_per_s"] == 0
    assert level["speed_p5_mb_per_s"]["value"] > 0
    assert written["comparisons"][0]["speed"]["value"] == pytest.approx(2, abs=0.1)
    text = markdown(blocks(analysis), "t")
    assert "| Conc | kB/s (95 %) | Speed p50 MB/s | Speed p5 MB/s | Fail |" in text
    assert "RPS" not in text


def test_a_cell_of_an_unknown_workload_is_refused_in_a_line(made: Any, tmp_path: Path) -> None:
    path = made.cell(tmp_path / "cell", made.spec(workload="ehco"))
    done = CliRunner().invoke(main, [str(path)])
    assert done.exit_code == 2
    assert "no workload is called 'ehco'; this version measures stream" in done.output
    assert "Traceback" not in done.output
