"""What an app's names hold is for its user's eyes alone until it is blanked."""

import os
from pathlib import Path

import pytest

from profiler.inside.collector import sinks
from profiler.inside.collector.sinks import FileSink


@pytest.mark.parametrize(("is_ours", "mode"), [(True, 0o600), (False, 0o644)])
def test_a_file_of_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_ours: bool, mode: int) -> None:
    if not is_ours:  # as in a container: whose the folder is has to read it
        monkeypatch.setattr(sinks.os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    mask = os.umask(0)
    try:
        sink = FileSink(str(tmp_path / "1.jsonl"))
        sink.write(b"{}\n")
        sink.close()
    finally:
        os.umask(mask)
    assert (tmp_path / "1.jsonl").stat().st_mode & 0o777 == mode
