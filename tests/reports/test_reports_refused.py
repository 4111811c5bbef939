"""What ``report`` cannot read or write: one clear line, and an exit code that tells why."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reported import report


def test_no_valid_cell_is_3(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec(), made.spec(config="mock-llm", checks=made.fail)])
    done = report(run)
    assert done.exit_code == 3
    assert "local/mock-llm has no valid cell" in done.stderr
    assert "9 answers came without" in done.stdout
    assert (run / "report.md").is_file()


@pytest.mark.parametrize("specs", [[], ["incomplete"]])
def test_nothing_complete_is_3(made: Any, tmp_path: Path, specs: list[str]) -> None:
    run = made.run(tmp_path / "run", [made.spec(complete=False) for _ in specs])
    assert report(run).exit_code == 3


def _broken(tmp_path: Path, made: Any, what: str) -> Path:
    run: Path = made.run(tmp_path / "run", [made.spec()])
    cell = run / "cells/local/baseline/c10-r1"
    if what == "missing":
        return tmp_path / "nowhere"
    if what == "file":
        return cell / "cell.json"
    if what == "empty":
        (tmp_path / "empty").mkdir()
        return tmp_path / "empty"
    if what == "newer":
        (run / "run.json").write_text('{"schema_version": 99}')
    if what == "list":
        (run / "run.json").write_text("[1, 2]")
    if what == "cut run.json":
        (run / "run.json").write_text('{"schema_ver')
    if what == "plan":
        (run / "run.json").write_text('{"schema_version": 1, "plan": []}')
    if what == "times":
        lines = (
            (cell / "requests.jsonl").read_text().replace('"first_token_at_ns":', '"first_token_at_ns":"x')
        )
        (cell / "requests.jsonl").write_text(lines)
    if what == "binary cell":
        (cell / "cell.json").write_bytes(b"\xff\xfe\x00")
    if what == "bad line":
        with (cell / "requests.jsonl").open("ab") as file:
            file.write(b'{"half": \n')
    if what == "window":
        raw = json.loads((cell / "cell.json").read_text())
        raw["achieved"]["window"] = {"start_ns": "soon", "end_ns": 5}
        (cell / "cell.json").write_text(json.dumps(raw))
    if what == "connects":
        raw = json.loads((cell / "cell.json").read_text())
        raw["achieved"] |= {"connects": None, "connect_ms": 5.0}
        (cell / "cell.json").write_text(json.dumps(raw))
    return run


@pytest.mark.parametrize("what", [
    "plan", "times", "missing", "file", "empty", "newer", "list", "cut run.json", "binary cell", "bad line",
    "window", "connects",
])  # fmt: skip
def test_what_is_no_results_directory_is_one_line_and_2(tmp_path: Path, made: Any, what: str) -> None:
    done = report(_broken(tmp_path, made, what))
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_a_file_that_is_wrong_is_named(tmp_path: Path, made: Any) -> None:
    assert (
        "cells/local/baseline/c10-r1: cell.json is not a cell"
        in report(_broken(tmp_path, made, "window")).stderr
    )


@pytest.mark.parametrize("missing", ["numpy", "scipy"])
def test_without_its_extra_it_says_so(sweep_dir: Path, missing: str) -> None:
    code = f"import sys; sys.modules['{missing}'] = None; from reports.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, sweep_dir], capture_output=True, text=True, timeout=60, check=False,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {missing} is not installed: pip install")
    assert done.stderr.count("\n") == 1


def test_a_copied_folder_is_refused(sweep_dir: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(sweep_dir, tmp_path / "copy")
    done = report(sweep_dir, copy)
    assert done.exit_code == 2
    cell = "cells/local/baseline/c01-r1"
    assert f"{sweep_dir / cell} and {copy / cell} hold the same measurement" in done.stderr
    assert done.stderr.count("\n") == 1
    assert report(sweep_dir, sweep_dir / cell).exit_code == 2


def test_no_directory_is_2() -> None:
    assert report().exit_code == 2


def test_output_that_cannot_be_is_2(sweep_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = report(sweep_dir, "--output", tmp_path / "file" / "below")
    assert done.exit_code == 2
    assert "could not be written" in done.stderr
