"""A row a request: what counts is what the report counts, and its groups are the report's tables."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from records.cells.reader import read_run
from records.errors import RecordError
from reported import report, rewritten
from reports import export_option
from reports.frame import COLUMNS, frame
from reports.frame.files import read, write
from reports.frame.table import Table
from reports.show import load
from support import ROOT


def of_two_regions(raw: dict[str, Any], number: int) -> None:
    odd = number % 2
    raw |= {
        "region": "eu" if number % 3 else "us",
        "labels": {"model": "NA"} if odd else {}, "values": {"texts": number / 7} if odd else {},
        "flags": [*raw["flags"], *(["warmup"] if number < 3 else [])],
        "due_at_ns": raw["sent_at_ns"] - 1 if number % 5 else None,
        "outcome": "aborted" if number == 20 else raw["outcome"],
    }  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, made: Any) -> Path:
    """Repeats, users, failures, late requests, stages, an invalid cell, regions, labels and values."""
    specs = [
        made.spec(concurrency=users, repeat=repeat, rps=40.0, failures=4, late=3, stages={"embed": 4.0})
        for users in (10, 20)
        for repeat in (1, 2)
    ]
    specs.append(made.spec(config="mock-llm", checks=made.fail))
    return rewritten(made.run(tmp_path / "run", specs), of_two_regions)


def test_what_counts_is_what_the_report_counts(run: Path) -> None:
    found, analysis = frame([run]), load([run])
    assert len(found) == sum(len(cell.requests) for cell in read_run(run).cells)
    for cell in analysis.cells:
        own = found[found.cell == cell.cell.name]
        assert set(own.valid) == {cell.valid}
        for name, wanted in (("counts", cell.counted), ("in_latencies", cell.timed)):
            chosen = own[own[name]]
            ids = {(r.cell, r.user, r.seq) for r in wanted}
            assert set(zip(chosen.cell, chosen.user, chosen.seq, strict=True)) == ids
        assert own.in_throughput.sum() == cell.figures.answers
        assert set(own.window_s) == {cell.figures.seconds}
    for level in analysis.levels:
        own = found[(found.config == level.config) & (found.load == level.load.label)]
        assert (own.counts & (own.outcome != "ok")).sum() == level.figures.failures


def test_metrics_are_of_good_answers_and_moments_are_exact(run: Path) -> None:
    found = frame([run])
    records = {(r.cell, r.user, r.seq): r for cell in read_run(run).cells for r in cell.requests}
    for row in found.itertuples():
        record = records[row.cell, row.user, row.seq]
        assert (row.sent_at_ns, row.ended_at_ns) == (record.sent_at_ns, record.ended_at_ns)
        assert (record.due_at_ns is None) == pd.isna(row.due_at_ns)
        for name in ("ttft_ms", "e2e_ms", "tpot_ms"):
            wanted = getattr(record, name) if record.outcome == "ok" else None
            assert getattr(row, name) == pytest.approx(
                np.nan if wanted is None else wanted, rel=0, nan_ok=True
            )
        assert row.flags == " ".join(record.flags)
        assert (row.error if record.error else None) == record.error
    texts = {r.values["texts"] for r in records.values() if "texts" in r.values}
    for name, values in (
        ("values.texts", texts),
        ("labels.model", {"NA"}),
        ("stages.embed.queued_ms", {1.0}),
    ):
        assert set(found[name].dropna()) == values
    assert found["itl_mean_ms"].dropna().eq(0.001).all()
    assert sorted(set(found["factors.users"])) == [10, 20]


def test_masters_at_once_have_one_window_and_all_users(tmp_path: Path, made: Any) -> None:
    east = made.run(tmp_path / "east", [made.spec(seconds=10.0)])
    west = made.run(tmp_path / "west", [made.spec(seconds=10.0, late_s=1.0, seed=1)])
    found, [cell] = frame([east, west, east]), load([east, west]).cells
    assert [set(found[name]) for name in ("source", "concurrency", "window_s")] == [
        {"east", "west"},
        {20},
        {9.0},
    ]
    assert found.counts.sum() == len(cell.counted)


def test_what_report_refuses_is_refused(tmp_path: Path, made: Any) -> None:
    one, two = (made.cell(tmp_path / name, made.spec()) for name in ("one", "two"))
    with pytest.raises(RecordError, match="there is no folder"):
        frame(tmp_path / "nowhere")
    with pytest.raises(RecordError, match="hold the same measurement"):
        frame([one, two])
    rewritten(one, lambda raw, _: raw.update(seq=2**63))
    with pytest.raises(RecordError, match="more than 64 bits"):
        frame(one)


def test_what_cannot_be_is_in_no_row_and_it_is_said(tmp_path: Path, made: Any) -> None:
    cell = made.cell(tmp_path / "one", made.spec())
    before = len(frame(cell))
    rewritten(cell, lambda raw, place: raw.update(tokens=-3) if place == 0 else None)
    with pytest.warns(UserWarning, match="times or counts cannot be are in no row: 1"):
        assert len(frame(cell)) == before - 1


def test_a_run_without_requests_has_the_columns_all_the_same(tmp_path: Path, made: Any) -> None:
    found = frame(made.run(tmp_path / "run", []))
    assert (list(found.columns), len(found)) == (list(COLUMNS), 0)
    assert found.dtypes.astype(str)["due_at_ns"] == "Int64"


def test_a_column_that_comes_late_is_empty_before() -> None:
    table = Table([("a", "integer")])
    for rows, block in enumerate(({"a": [1, 2]}, {"a": [3], "b": [0.5]})):
        for name, values in block.items():
            table.extend(name, "integer" if name == "a" else "number", values)
        table.rows += 2 - rows
    assert_frame_equal(table.frame(), pd.DataFrame({"a": [1, 2, 3], "b": [np.nan, np.nan, 0.5]}))


# -- files


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_has_the_same_frame_again(run: Path, tmp_path: Path, form: str) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    write(frame(run), form, tmp_path / f"it.{form}")
    assert_frame_equal(read(tmp_path / f"it.{form}"), frame(run))
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [f"it.{form}"]


def test_report_exports_beside_its_files_or_where_it_is_told(run: Path, tmp_path: Path) -> None:
    done = report(run, "--export", "csv")
    assert done.exit_code == load([run]).exit_code
    assert f"report: {run / 'requests.csv'}, {len(frame(run))} requests" in done.stderr
    report(run, "--export", f"csv:{tmp_path / 'mine.csv'}")
    assert (tmp_path / "mine.csv").read_bytes() == (run / "requests.csv").read_bytes()
    report(run, "--output", tmp_path / "out", "--export", "csv")
    assert (tmp_path / "out" / "requests.csv").exists()


@pytest.mark.parametrize(("words", "said"), [
    (["--export", "xml"], "'xml' is neither parquet nor csv, with :PATH or without"),
    (["--export", "csv:"], "'csv:' is neither parquet nor csv, with :PATH or without"),
    (["again", "--export", "csv"], "--export of several DIRs wants --output, or csv:PATH"),
    (["--export", "csv:nowhere/it.csv"], "error: nowhere/it.csv could not be written: "),
])  # fmt: skip
def test_an_export_that_cannot_be_is_one_line(run: Path, words: list[str], said: str) -> None:
    done = report(run, *words)
    assert (done.exit_code, "Traceback" in done.stderr) == (2, False)
    assert said in done.stderr


def contents(folder: Path) -> dict[str, bytes | bool]:
    return {path.name: path.is_fifo() or path.is_dir() or path.read_bytes() for path in folder.iterdir()}


def test_an_export_replaces_an_earlier_export_and_nothing_else(run: Path) -> None:
    report(run)
    (run / "notes.txt").write_text("mine")
    os.mkfifo(run / "pipe")
    (run / "link.csv").symlink_to(run / "notes.txt")
    (run / "folder.csv").mkdir()
    before = contents(run)
    for name in ("run.json", "summary.csv", "pipe", "link.csv", "folder.csv", "notes.txt"):
        done = report(run, "--export", f"csv:{run / name}")
        assert (done.exit_code, "error" in done.stderr.lower()) == (2, True)
        assert contents(run) == before
    assert report(run, "--export", "csv").exit_code == report(run, "--export", "csv").exit_code != 2


# -- docs/pandas.md


def test_the_code_of_the_document_gives_what_the_report_says(
    tmp_path: Path, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    run.rename(tmp_path / "results" / "mine")
    said: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "pandas.md").read_text(), re.DOTALL):
        exec(block, said)
    analysis = load([tmp_path / "results" / "mine"])
    for level in filter(lambda level: level.valid, analysis.levels):
        key = (level.deployment, level.config, level.load.label, level.workload.name)
        assert said["latency"].loc[key, 0.95] == pytest.approx(level.figures.at("ttft_p95").value, rel=1e-12)
        assert said["failures"][key] == level.figures.failures
        assert said["rps"][key] == pytest.approx(level.figures.throughput.value, rel=1e-12)
    for one in filter(lambda region: region.valid, analysis.regions):
        region = (one.deployment, one.config, one.load.label, one.workload.name, one.region)
        assert said["share"][region] == pytest.approx(one.share)
        p50 = one.figures.at("ttft_p50").value
        assert said["by_region"].loc[region, 0.5] == pytest.approx(p50, rel=1e-12)
    assert_frame_equal(said["again"], said["requests"])
    assert said["where"].columns.tolist() == ["stages.embed.queued_ms"]
    assert len(said["slowest"]) == 5
    assert not said["slowest"]["flags"].str.contains("warmup|cold").any()
    assert str(said["ended"].dtype).startswith("datetime64[ns, UTC")


@pytest.mark.parametrize(("missing", "form", "said"), [
    ("pandas", "csv", "pandas is not installed: pip install '.[report]'"),
    ("pyarrow", "parquet", "Parquet wants pyarrow: pip install '.[parquet]'; csv does without"),
])  # fmt: skip
def test_a_package_that_is_missing_is_named_before_anything_is_read(
    missing: str, form: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = {"pandas", "pyarrow"} - {missing}
    monkeypatch.setattr(export_option, "find_spec", lambda name: name in there or None)
    done = report(tmp_path / "unread", "--export", form)
    assert (done.exit_code, said in done.stderr) == (2, True)


def test_a_report_alone_needs_no_pandas(made: Any, tmp_path: Path) -> None:
    code = "import sys; sys.modules['pandas'] = None; from reports.cli import main; main()"
    words = [sys.executable, "-c", code, made.run(tmp_path / "run", [made.spec()])]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_loads_are_in_the_order_of_their_numbers(made: Any, tmp_path: Path) -> None:
    kept = frame(made.run(tmp_path / "run", [made.spec(concurrency=n, rps=4.0) for n in (10, 2, 1)]))
    write(kept, "csv", tmp_path / "kept.csv")
    for each in (kept, read(tmp_path / "kept.csv")):
        assert each["load"].cat.categories.tolist() == ["1", "2", "10"]


def test_the_document_names_each_column_with_its_unit() -> None:
    lines = (ROOT / "docs" / "pandas.md").read_text().splitlines()
    for name, about in COLUMNS.items():
        assert f"| `{name}` | {about.kind} | {about.unit} | {about.text} |" in lines


def test_no_metric_has_the_name_of_another_column(sweep_dir: Path) -> None:
    names = set(frame(sweep_dir).columns) - set(COLUMNS)
    assert {name for name in names if not re.match(r"(factors|values|labels|stages)\.", name)} == {
        "ttft_ms", "e2e_ms", "tpot_ms", "itl_mean_ms", "headers_ms", "first_event_ms", "first_generated_ms"
    }  # fmt: skip
