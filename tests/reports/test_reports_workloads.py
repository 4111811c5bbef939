"""A report of another workload has its metrics, and none of a stream's; those of the documentation."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from loadgen.shapes.level_table import table
from records.cells.cell import Window
from records.cells.levels import LoadStage, LoadStages
from records.cells.request import RequestRecord
from reported import report, rows
from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.document.render import markdown
from reports.export import summary_csv
from reports.frame.build import frame
from support import ROOT
from workloads.catalogue import WORKLOADS
from workloads.metric import Metric
from workloads.stream import METRICS, STREAM
from workloads.workload import Columns, Throughput, Workload

OF_A_STREAM = re.compile(r"ttft|itl|tpot|documents|token", re.IGNORECASE)
HALF = Metric(name="half", title="Half", unit="bytes", of=lambda r: r.bytes / 2, mean=True)


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> Workload:
    """The workload that the document shows, with its metric and one that has a mean alone."""
    text = (ROOT / "docs" / "adding-a-metric.md").read_text()
    metric, workload, *_ = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    made: dict[str, Any] = {}
    exec(workload + metric, made)
    one: Workload = made["ECHO"]
    found = replace(one, metrics=(*one.metrics, made["WAIT"], HALF))
    monkeypatch.setitem(WORKLOADS, "echo", found)
    return found


def test_the_documents_metric_has_no_value_of_an_answer_without_headers(
    echo: Workload, record: Callable[..., RequestRecord]
) -> None:
    [wait] = (one for one in echo.metrics if one.name == "wait")
    assert wait.values_of(record(headers_at_ns=None)) == ()


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
def test_every_form_of_a_report_has_its_metrics_and_none_of_a_streams(made: Any, of: Any) -> None:
    analysis = of(*specs(made))
    text, written = markdown(blocks(analysis), "t"), results_json(analysis)
    head = "| Latency p50 ms | Latency p95 ms | Size p50 bytes | Wait p50 ms | Half bytes | Fail |"
    assert f"| Conc | RPS (95 %) {head}" in text
    assert "| Conc | Configuration | RPS | Latency p50 | Differs in |" in text
    assert "Latency p50 ms | Latency max ms" in text  # the first requests
    assert not any(OF_A_STREAM.search(form) for form in (text, summary_csv(analysis), str(written)))
    level = written["configurations"]["local"]["slow"]["levels"]["10"]
    assert level["workload"] == "echo"
    assert level["latency_p50_ms"]["value"] == pytest.approx(100, abs=3)
    assert (level["size_p50_bytes"]["value"], level["wait_p50_ms"]["value"], level["half_bytes"]) == (
        10,
        2,
        5,
    )
    assert level["latency_p95_with_failures_ms"] > 100
    first = written["comparisons"][0]
    assert (first["config"], first["reference"], first["workload"]) == ("zippy", "slow", "echo")
    assert (first["latency"]["value"], first["rps"]["value"]) == pytest.approx((2, 1), abs=0.1)
    one = rows(analysis)[0]
    names = ("workload", "size_p50_bytes", "wait_p50_ms", "half_bytes", "valid")
    assert [one[name] for name in names] == ["echo", "1.000", "2.000", "0.500", "true"]


@pytest.mark.usefixtures("echo")
def test_two_deployments_and_failures_are_told_by_its_metrics(made: Any, of: Any) -> None:
    both = (("local", 40.0, 50.0), ("pod", 20.0, 100.0))
    kinds = {"workload": "echo", "failures": 4}
    analysis = of(*(made.spec(deployment=name, rps=rps, ttft_ms=ms, **kinds) for name, rps, ms in both))
    text = markdown(blocks(analysis), "t")
    assert "| Conc | Local RPS | Pod RPS | Local Latency | Pod Latency | Ratio (L/P) |" in text
    assert "Latency: median, ms. Ratio: of RPS" in text
    assert not OF_A_STREAM.search(text)


@pytest.mark.usefixtures("echo")
def test_of_several_workloads_the_table_has_the_columns_of_all_and_compares_none(
    made: Any, of_each: Any
) -> None:
    echoes = {f"e{n}": one for n, one in enumerate(specs(made))}
    analysis = of_each(**echoes, stream=made.spec(config="slow", late_s=500.0))
    by_kind = {row["workload"]: row for row in rows(analysis)}
    assert by_kind["stream"]["latency_p50_ms"] == by_kind["echo"]["ttft_p50_ms"] == "-"
    assert float(by_kind["stream"]["ttft_p50_ms"]) == pytest.approx(100, abs=5)
    levels = results_json(analysis)["configurations"]["local"]["slow"]["levels"]
    assert set(levels) == {"1 echo", "10 echo", "10"}
    assert {comparison.workload.name for comparison in analysis.comparisons} == {"echo"}


def test_throughput_may_be_of_bytes_and_a_metric_higher_is_better(
    made: Any, of: Any, echo: Workload, monkeypatch: pytest.MonkeyPatch
) -> None:
    speed = Metric(
        name="speed", title="Speed", unit="MB/s", of=lambda r: r.bytes / (r.ended_at_ns - r.sent_at_ns) * 1e3,
        quantiles=(0.05, 0.5), with_failures=(0.05,), higher_is_better=True,
    )  # fmt: skip
    own = Throughput(name="kb_per_s", title="kB/s", of=lambda r: r.bytes / 1e3)
    columns = Columns(main=("speed_p50", "speed_p5"))
    changed = replace(echo, metrics=(speed,), compared=speed, columns=columns, throughput=own)
    monkeypatch.setitem(WORKLOADS, "echo", changed)
    analysis = of(*specs(made, failures=20))
    written = results_json(analysis)
    level = written["configurations"]["local"]["slow"]["levels"]["10"]
    assert level["kb_per_s"]["value"] == pytest.approx(40 * 10 / 1e3)
    assert level["speed_p5_mb_per_s"]["value"] > level["speed_p5_with_failures_mb_per_s"] == 0
    assert written["comparisons"][0]["speed"]["value"] == pytest.approx(2, abs=0.1)
    text = markdown(blocks(analysis), "t")
    assert "| Conc | kB/s (95 %) | Speed p50 MB/s | Speed p5 MB/s | Fail |" in text
    assert "RPS" not in text


def test_a_cell_of_an_unknown_workload_is_refused_in_a_line(made: Any, tmp_path: Any) -> None:
    done = report(made.cell(tmp_path / "cell", made.spec(workload="ehco")))
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert f"{tmp_path / 'cell'}: no workload is called 'ehco'; this version measures stream" in done.output


def test_of_several_runs_the_one_with_a_cell_that_cannot_be_read_is_named(made: Any, tmp_path: Any) -> None:
    known = [made.run(tmp_path / name, [made.spec(seed=seed)]) for seed, name in enumerate("ab")]
    odd = made.run(tmp_path / "c", [made.spec(seed=3), made.spec(seed=3, repeat=2, workload="ehco")])
    done = report(*known, odd)
    assert done.exit_code == 3
    assert "report: c/local/baseline/c10-r2 cannot be read: no workload is called 'ehco'" in done.stderr
    with pytest.warns(UserWarning, match=f"in no row: {odd}: local/baseline/c10-r2"):
        assert set(frame([*known, odd])["source"]) == {"a", "b", "c"}


def test_a_streams_columns_are_where_they_were() -> None:
    assert (STREAM.unplaced, STREAM.main) == ((), ("ttft_p50", "ttft_p95"))
    more = replace(STREAM, metrics=(*METRICS, replace(HALF, quantiles=(0.5,))))
    assert more.side[-2:] == more.of_levels_last[-2:] == ("half_p50", "half")


def test_a_shapes_levels_are_told_by_the_workloads_own_figures(record: Any, echo: Workload) -> None:
    per = Throughput(name="mb_per_s", title="MB/s", of=lambda r: r.bytes / 1e6)
    kind, s = replace(echo, throughput=per, columns=Columns()), 10**9
    requests = [record(sent_at_ns=ns, ended_at_ns=ns + 10**6, bytes=50_000) for ns in range(0, s, s // 100)]
    levels = (LoadStage(level_from=1, level_to=1, start_ns=0, end_ns=s),)
    text = table(LoadStages(unit="users", levels=levels), requests, Window(start_ns=0, end_ns=s), kind)
    head, row = text.splitlines()
    assert head.split("  ")[-2:] == ["MB/s", "Latency p50 ms"]
    assert row.split()[-2:] == ["5.0", "1.0"]
