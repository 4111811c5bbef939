"""What targets wrote, once they are gone."""

from pathlib import Path

import pytest

from records.cells import layout
from sweep.measuring.targets import blank_left


def test_what_those_of_a_killed_sweep_wrote_holds_no_secret_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SVC_API_TOKEN", "correct-horse-9")
    folder = tmp_path / layout.TARGETS / "app"
    (folder / "as-is-r1.inside").mkdir(parents=True)
    log, lines = folder / "as-is-r1.log", folder / "as-is-r1.inside" / "7.jsonl"
    log.write_text("with correct-horse-9\n")
    lines.write_text('{"name": "correct-horse-9"}\n')
    blank_left(tmp_path)
    assert (log.read_text(), lines.read_text()) == ("with ***\n", '{"name":"***"}\n')
