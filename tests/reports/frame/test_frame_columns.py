"""What a frame needs, and what its columns are called."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reported import report
from reports import export_option
from reports.frame import COLUMNS, frame
from reports.frame.files import read, write
from support import ROOT


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
