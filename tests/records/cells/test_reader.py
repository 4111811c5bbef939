"""What is written can be read, what a kill left behind too, and what is not ours is refused."""

import errno
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from records.cells.cell import Cell, Check, Verdict
from records.cells.other_programs import OtherProgram
from records.cells.reader import read_cell, read_run
from records.cells.request import RequestRecord
from records.errors import RecordError
from records.files import LineFile, read_json, read_lines, write_json


def _line(seq: int) -> bytes:
    known: dict[str, Any] = {"run": "r", "cell": "c", "worker": "w", "region": "", "user": 0, "outcome": "ok"}
    return RequestRecord(**known, seq=seq, sent_at_ns=seq, ended_at_ns=seq + 1).encode()


def _cell(directory: Path, *, complete: bool = True) -> Path:
    directory.mkdir(parents=True)
    verdict = Verdict(checks=(Check(name="failures", status="pass", figure=0, bound=0.05, text="none"),))
    names: dict[str, Any] = {"deployment": "local", "config": "baseline", "concurrency": 5, "repeat": 1}
    write_json(directory / "cell.json", Cell(**names, complete=complete, verdict=verdict).to_json())
    file = LineFile(directory / "requests.jsonl")
    file.append(_line(1) + _line(2))
    file.close()
    return directory


def test_a_cell_is_read_as_it_was_written_with_the_paths_of_its_stages_or_without(tmp_path: Path) -> None:
    folder = _cell(tmp_path / "c05-r1")
    data, raw = read_cell(folder), read_json(folder / "cell.json")
    assert (data.cell.name, data.cell.verdict.valid) == ("local/baseline/c05-r1", True)
    assert [r.seq for r in data.requests] == [1, 2]
    write_json(folder / "cell.json", {**raw, "paths": {"embed": "Model@embed-pool"}})
    assert read_cell(folder).cell.paths == {"embed": "Model@embed-pool"}
    del raw["paths"]  # as before there were any
    write_json(folder / "cell.json", raw)
    assert read_cell(folder).cell.paths == {}


@pytest.mark.parametrize("damaged", [[7], [{"name": "make"}], [{"name": "x", "pid": 7, "cores": "inf"}]])
def test_the_programs_beside_a_cell_are_read_back_and_older_cells_have_none(
    tmp_path: Path, damaged: Any
) -> None:
    folder = _cell(tmp_path / "c05-r1")
    make = OtherProgram(name="make\x1b[2J", pid=7, cores=0.95)
    write_json(folder / "cell.json", replace(read_cell(folder).cell, other_programs=(make,)).to_json())
    [read] = read_cell(folder).cell.other_programs or ()
    assert (str(read), read.cores) == ("make\\x1b[2J (pid 7)", 0.95)
    raw = read_json(folder / "cell.json")
    del raw["other_programs"]
    write_json(folder / "cell.json", raw)
    assert read_cell(folder).cell.other_programs is None
    write_json(folder / "cell.json", {**raw, "other_programs": damaged})
    with pytest.raises(RecordError, match=r"cell\.json is not a cell"):
        read_cell(folder)


def test_a_line_cut_by_a_kill_is_left_out_and_a_bad_one_before_it_an_error_with_its_number(
    tmp_path: Path,
) -> None:
    path = _cell(tmp_path / "c") / "requests.jsonl"
    path.write_bytes(path.read_bytes() + _line(3)[:40])
    assert [r.seq for r in read_cell(path.parent).requests] == [1, 2]
    assert len(list(read_lines(path))) == 2
    path.write_bytes(b"nonsense\n" + path.read_bytes())
    with pytest.raises(RecordError, match=r"requests\.jsonl:1"):
        read_cell(path.parent)


def test_a_run_holds_complete_cells_and_names_the_others(tmp_path: Path) -> None:
    write_json(tmp_path / "run.json", {"schema_version": 1})
    _cell(tmp_path / "cells/local/baseline/c05-r1")
    _cell(tmp_path / "cells/local/baseline/c05-r2", complete=False)
    _cell(tmp_path / "cells/local/baseline/c05-r2.partial-1")
    run = read_run(tmp_path)
    assert [data.path.name for data in run.cells] == ["c05-r1"]
    assert len(run.incomplete) == 1
    (tmp_path / "cells/local/baseline/c05-r1").rename(tmp_path / "cells/local/baseline/c05-r3")
    _cell(tmp_path / "cells/local/baseline/c05-r1")
    [lost] = read_run(tmp_path).lost
    said = "its cell.json is that of local/baseline/c05-r1"
    assert (lost.name, lost.why) == ("local/baseline/c05-r3", said)


@pytest.mark.parametrize(("raw", "said"), [
    ({"schema_version": 2}, "schema version 2"), (None, "neither"),
    *(({"schema_version": 1, "plan": plan}, r"run\.json: its plan is no object") for plan in ([], "x", 5)),
])  # fmt: skip
def test_what_is_no_run_is_refused(tmp_path: Path, raw: Any, said: str) -> None:
    if raw:
        write_json(tmp_path / "run.json", raw)
    with pytest.raises(RecordError, match=said):
        read_run(tmp_path)


@pytest.mark.parametrize(("key", "value", "said"), [
    ("status", "failed", "unknown status 'failed'"),
    *((key, value, r"cell\.json is not a cell: .*of a check")
      for key, value in (("name", []), ("name", {}), ("name", None), ("text", 5))),
])  # fmt: skip
def test_a_check_that_is_none_is_refused(tmp_path: Path, key: str, value: object, said: str) -> None:
    raw = read_json(_cell(tmp_path / "c") / "cell.json")
    raw["verdict"]["checks"][0][key] = value
    with pytest.raises(RecordError, match=said):
        Cell.from_json(raw)


@pytest.mark.parametrize(
    ("key", "value"), [*(("connects", value) for value in (None, "x", [], True)), ("connect_ms", "x")]
)
def test_figures_that_are_none_are_refused(tmp_path: Path, key: str, value: object) -> None:
    raw = read_json(_cell(tmp_path / "c") / "cell.json")
    Cell.from_json(raw | {"achieved": {"connects": 3, "connect_ms": None}})
    with pytest.raises(RecordError, match=rf"cell\.json is not a cell: .*{key} is "):
        Cell.from_json(raw | {"achieved": {key: value}})


def test_a_cell_is_valid_when_it_was_judged_and_no_check_failed() -> None:
    begun = Cell(deployment="local", config="baseline", concurrency=5, repeat=1)
    assert begun.to_json()["verdict"] == {"valid": False, "checks": []}
    good = Verdict(checks=(Check(name="a", status="pass"), Check(name="b", status="n/a")))
    assert good.valid
    bad = good.merged((Check(name="b", status="fail"),))
    assert not bad.valid
    assert [check.name for check in bad.checks] == ["a", "b"]


def test_an_append_that_fails_leaves_no_half_line(tmp_path: Path) -> None:
    script = """
import resource, signal, sys
from pathlib import Path
from records.files import LineFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
lines = LineFile(Path(sys.argv[1]))
for _ in range(20):
    try:
        lines.append(b'{"a":"0123456789"}\\n')
    except OSError:
        pass
lines.append(b"{}\\n")
"""
    path = tmp_path / "lines.jsonl"
    subprocess.run([sys.executable, "-B", "-c", script, str(path)], check=True, timeout=30)
    assert [line for _, line in read_lines(path)] == [b'{"a":"0123456789"}\n'] * 5 + [b"{}\n"]


def test_a_write_that_fails_names_the_file_and_leaves_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    write_json(tmp_path / "a.json", {"old": 1})
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"new": object()})
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*/a.json'$"):
        write_json(tmp_path / "a.json", {"new": 2})
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert read_json(tmp_path / "a.json") == {"old": 1}


def test_a_line_file_knows_that_it_was_deleted(tmp_path: Path) -> None:
    lines = LineFile(tmp_path / "lines.jsonl")
    assert not lines.deleted()
    lines.path.unlink()
    assert lines.deleted()
    lines.close()
