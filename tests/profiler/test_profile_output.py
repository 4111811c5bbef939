"""The profile is made of the samples, also of those that a kill left behind."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from profiler.output import build_profile, new_path, samples_path
from profiler.summary import summary_of
from records.errors import RecordError

NS = 1_700_000_000_000_000_000


def sample(number: int, *, cpu: float = 10.0, missed: int = 0) -> dict[str, Any]:
    return {
        "timestamp": f"2023-11-14T22:13:2{number}.000Z",
        "at_ns": NS + number * 10**9,
        "elapsed_seconds": float(number),
        "system": {"cpu_percent": cpu, "memory_used_gb": 1.0},
        "processes": {
            "process_count": 1, "total_cpu_percent": cpu, "total_memory_mb": 5.0,
            "total_threads": number, "total_open_files": 3,
        },
        "profiler": {
            "cpu_seconds": number / 1000, "cpu_percent_of_core": 0.1,
            "sample_interval_seconds": 1.0, "missed_ticks": missed,
        },
    }  # fmt: skip


def written(path: Path, *samples: dict[str, Any], tail: bytes = b"") -> Path:
    path.write_bytes(b"".join(orjson.dumps(s) + b"\n" for s in samples) + tail)
    return path


def test_the_document_and_its_metadata(tmp_path: Path) -> None:
    lines = written(tmp_path / "p.jsonl", sample(1), sample(2, missed=3))
    document = build_profile(lines, tmp_path / "p.json", {"command": {"exit_code": 0}})
    assert json.loads((tmp_path / "p.json").read_text()) == document
    assert document["data_points"] == [sample(1), sample(2, missed=3)]
    assert document["metadata"] == {
        "start_time": "2023-11-14T22:13:20.000Z", "end_time": "2023-11-14T22:13:22.000Z",
        "total_duration_seconds": 2.0, "sample_interval_seconds": 1.0,
        "total_samples": 2, "missed_samples": 3,
        "profiler": {"cpu_seconds": 0.002, "cpu_percent_of_core": 0.1},
        "command": {"exit_code": 0},
    }  # fmt: skip


@pytest.mark.parametrize(("whole", "tail"), [(1, orjson.dumps(sample(2))[:50]), (0, b"")])
def test_a_line_cut_off_by_a_kill_is_left_out_and_there_may_be_none(
    tmp_path: Path, whole: int, tail: bytes
) -> None:
    lines = written(tmp_path / "p.jsonl", *[sample(1)] * whole, tail=tail)
    document = build_profile(lines, tmp_path / "p.json")
    assert document["data_points"] == [sample(1)] * whole
    assert document["metadata"]["total_samples"] == whole
    assert (summary_of(document)["figures"]["processes_threads"] is None) == (not whole)


@pytest.mark.parametrize("line", [b"nonsense\n", b"[]\n", b'{"elapsed_seconds": 1}\n'])
def test_lines_that_are_no_samples_are_named(tmp_path: Path, line: bytes) -> None:
    lines = written(tmp_path / "p.jsonl", sample(1), tail=line)
    with pytest.raises(RecordError, match=r"p\.jsonl:2: not "):
        build_profile(lines, tmp_path / "p.json")


def test_the_summary_is_mean_and_maximum(tmp_path: Path) -> None:
    lines = written(tmp_path / "p.jsonl", sample(1, cpu=20), sample(3, cpu=40))
    figures = summary_of(build_profile(lines, tmp_path / "p.json"))["figures"]
    assert figures["processes_cpu_percent"] == {"mean": 30.0, "max": 40.0}
    assert figures["processes_threads"] == {"mean": 2.0, "max": 3.0}


def test_profiles_of_one_second_have_files_of_their_own(tmp_path: Path) -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    names = [new_path(tmp_path, now).name for _ in range(2)]
    assert names == ["resource_profile_20260102T030405Z.json", "resource_profile_20260102T030405Z-2.json"]
    (tmp_path / "resource_profile_20260102T030405Z-3.json").write_text("precious")
    assert new_path(tmp_path, now).name == "resource_profile_20260102T030405Z-4.json"
    assert samples_path(Path("a/.c01.profile.json")) == Path("a/.c01.profile.jsonl")
