"""An app that says the secrets it was given shows them neither in its log nor on the terminal."""

from pathlib import Path

import pytest

from sweep.deployments.run import Run
from sweep.running.errors import UsageError
from sweep.running.ledger import Ledger
from sweep.running.processes import Child
from sweep.running.redaction import blank, sending


def test_an_app_that_echoes_its_environment_shows_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_DB_PASSWORD", "correct-horse-9")
    monkeypatch.setenv("MYTOKEN", "abc")
    program = "import os; print('error:', os.environ['APP_DB_PASSWORD'], os.environ['MYTOKEN'])"
    child = Child(["-c", program], log=tmp_path / "log", ledger=Ledger(tmp_path / "l"))
    assert child.wait(60) == 0
    assert child.complaint() == "error: *** ***"
    child.stop()
    assert (tmp_path / "log").read_text() == "error: *** ***\n"


@pytest.mark.parametrize("words", [
    "app --token abc", "sh -c 'app --token abc'", "sh -c 'exec app --port 1 --api-key=x'",
    "curl -H 'X-MYTOKEN: abc' x", "curl -H X-MYTOKEN:abc x", "env MYTOKEN=abc app",
])  # fmt: skip
def test_a_short_secret_is_known_by_its_name(words: str) -> None:
    with pytest.raises(UsageError, match="looks like a secret") as caught:
        Run.of(f"run:{words}")
    assert "abc" not in str(caught.value)


@pytest.mark.parametrize(
    "words", ["uvicorn auth:app", "sh -c 'uvicorn auth:app --max-tokens 5'", "app --auth"]
)
def test_what_only_sounds_like_one_is_none(words: str) -> None:
    assert Run.of(f"run:{words}") is not None


def test_a_header_that_is_sent_is_not_kept_in_a_log(tmp_path: Path) -> None:
    program = "print('x-trace: abc123secret')"
    with sending({"X-Trace": "abc123secret"}):
        child = Child(["-c", program], log=tmp_path / "log", ledger=Ledger(tmp_path / "l"))
        assert child.wait(60) == 0
        child.stop()
    assert (tmp_path / "log").read_text() == "x-trace: ***\n"
    assert blank(b"abc123secret") == b"abc123secret"
