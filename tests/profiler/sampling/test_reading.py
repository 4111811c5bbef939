"""What the kernel says, of files that stay open: of who has a name now, never of who had it."""

import os
import subprocess
from pathlib import Path

import pytest

from profiler.sampling import reading
from profiler.sampling.reading import text_of

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="no Linux")


def test_a_file_that_stays_open_is_read_anew() -> None:
    before = text_of("/proc/self/schedstat")
    assert sum(range(10**6))
    os.sched_yield()
    assert text_of("/proc/self/schedstat") != before


def test_of_what_has_ended_nothing_is_said() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        file = f"/proc/{child.pid}/stat"
        assert text_of(file).startswith(f"{child.pid} ")
        child.kill()
        child.wait()
        assert text_of(file) == ""


def test_no_more_stay_open_than_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_OPEN", reading._Open())
    monkeypatch.setattr(reading, "MOST_OPEN", 2)
    before = len(os.listdir("/proc/self/fd"))
    for name in ("stat", "status", "statm", "loginuid", "stat"):
        assert text_of(f"/proc/self/{name}")
    assert len(os.listdir("/proc/self/fd")) == before + 2


def test_others_are_opened_each_time(tmp_path: Path) -> None:
    file = tmp_path / "a"
    assert text_of(file) == ""
    for text in ("one", "another"):
        file.unlink(missing_ok=True)
        file.write_text(text)
        assert text_of(file) == text
