"""A disk without room for a run's directory is nobody's wrong usage."""

import errno
from pathlib import Path
from typing import Any

import click
import pytest

from loadgen.engine.settings import make_results
from profiler import cli as profiler
from records.errors import UsageError
from records.files import of_the_disk
from sweep.measuring.directory import alone, load


@pytest.mark.parametrize(("number", "ours"), [(errno.ENOSPC, True), (errno.EACCES, False)])
def test_a_full_disk_is_no_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, ours: bool
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise OSError(number, "it cannot be done", "there")

    monkeypatch.setattr(Path, "mkdir", fails)
    monkeypatch.setattr(Path, "open", fails)
    monkeypatch.setattr("sweep.measuring.directory.read_meta", fails)
    monkeypatch.setattr("profiler.output.new_path", fails)
    for opened in (
        lambda: make_results(tmp_path / "r"),
        lambda: alone(tmp_path).__enter__(),
        lambda: load(tmp_path),
        lambda: profiler.command_line.main(["--quiet", "--duration", "1"], standalone_mode=False),
    ):
        with pytest.raises((OSError, UsageError, click.UsageError)) as caught:
            opened()
        assert isinstance(caught.value, OSError) is ours
        assert not isinstance(caught.value, OSError) or of_the_disk(caught.value)
