"""A log file that cannot be written: one line says so, and the log goes on."""

import io
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadgen.adapter.log_file import say_elsewhere
from loadgen.process.redacted_logs import RedactingFilter
from records.secrets.redaction import Redaction
from support import ROOT, environment

FULL = Path("/dev/full")
pytestmark = pytest.mark.skipif(not FULL.exists(), reason="there is no full device")


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    """One whose file is on a full disk, and shows no secret."""
    log, handler = logging.getLogger("of-this-test"), logging.FileHandler(FULL)
    handler.setFormatter(logging.Formatter("[log] %(message)s"))
    handler.addFilter(RedactingFilter(Redaction(["sk-12345678-abc"])))
    say_elsewhere(handler)
    log.propagate = False
    log.addHandler(handler)
    yield log
    log.removeHandler(handler)
    handler.close()


def test_it_is_said_once_and_no_line_is_lost(log: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    log.warning("one, %s", "sk-12345678-abc")
    log.warning("two")
    assert capsys.readouterr().err.splitlines() == [
        "warning: cannot write --logfile /dev/full: No space left on device; the log goes on here",
        "[log] one, ***",
        "[log] two",
    ]


def test_a_standard_error_that_is_full_too_ends_nothing(
    log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = io.TextIOWrapper(io.FileIO(FULL, "w"), write_through=True)
    monkeypatch.setattr(sys, "stderr", full)
    log.warning("one")
    log.warning("two")


def test_a_load_says_it_before_all_else() -> None:
    words = ["-f", str(ROOT / "locustfiles" / "stream.py"), "--headless", "--logfile", str(FULL)]
    done = subprocess.run(
        [sys.executable, "-m", "locust", *words],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=90,
    )
    first, second, *_, last = done.stderr.splitlines()
    assert done.returncode == 2
    assert first.startswith("warning: cannot write --logfile /dev/full: No space left on device")
    assert "Starting Locust" in second
    assert last.startswith("error: which service?")
    assert "Logging error" not in done.stderr
