"""Whatever command it is, a mistake is one line that begins alike, and 2."""

import pytest

from mocks import openai_server
from profiler.cli import main as profile
from reports.cli import main as report
from sweep.cli import main as sweep


@pytest.mark.parametrize("command", [sweep, report, profile, openai_server.main])
def test_a_mistake_is_one_line_that_begins_with_error(
    command: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)  # the sweep's own
    assert callable(command)
    try:
        code = command(["--no-such-option"])
    except SystemExit as ended:
        code = ended.code
    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(("command", "words"), [
    (profile, ["--interval", "nan"]), (profile, ["--duration", "inf"]),
    (openai_server.main, ["--ttft-ms", "nan"]), (openai_server.main, ["--tokens", "\u0665"]),
    (sweep, ["--ready-seconds", "nan"]), (sweep, ["--repeats", "\u0661"]),
])  # fmt: skip
def test_no_command_takes_what_is_no_number(
    command: object,
    words: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert callable(command)
    try:
        code = command(words)
    except SystemExit as ended:
        code = ended.code
    said = capsys.readouterr().err
    assert code == 2
    assert said.startswith("error: ")
    assert words[0] in said
