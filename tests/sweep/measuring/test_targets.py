"""What is seen of targets while they start, and what they wrote, once they are gone."""

import io
import os
from pathlib import Path

import pytest
from rich.console import Console

from records.cells import layout
from sweep.measuring.progress import Progress
from sweep.measuring.targets import Start, blank_left
from sweep.running.redaction import blank_file


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


def test_a_log_that_is_a_link_or_a_pipe_is_neither_followed_nor_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SVC_API_TOKEN", "correct-horse-9")
    key = tmp_path / "private.key"
    key.write_text("correct-horse-9\n")
    key.chmod(0o600)
    for make in (lambda path: path.symlink_to(key), os.mkfifo):
        make(log := tmp_path / "a.log")
        with pytest.raises(OSError, match=r"a\.log"):
            blank_file(log)
        log.unlink()
    assert (key.read_text(), key.stat().st_mode & 0o777) == ("correct-horse-9\n", 0o600)


@pytest.mark.parametrize("terminal", [True, False])
def test_while_a_target_starts_it_is_said_which_and_for_how_long(
    terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, written = [100.0], io.StringIO()
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    console = Console(file=written, width=80, force_terminal=terminal, color_system=None)
    progress = Progress(console)
    start = Start(name="mock-both (local)", progress=progress, began=now[0])
    for second in range(40):
        now[0] = 100.0 + second
        start.report("no answer at /ready yet; no word yet")
    if terminal:
        with console.capture() as shown:
            console.print(progress.shown())
        assert shown.get().startswith("39 s: mock-both (local) star")
    else:
        assert written.getvalue().splitlines() == [
            f"{second} s: mock-both (local) starts: no answer at /ready yet; no word yet"
            for second in (15, 30)
        ]
    start.is_over = True
    now[0] += 60
    start.report("waiting for the load's pod")
    if not terminal:
        assert written.getvalue().splitlines()[-1] == "mock-both (local): waiting for the load's pod"
    start.note("not ready after 40 s")
    assert written.getvalue().splitlines()[-1].rstrip().endswith("mock-both (local): not ready after 40 s")
