"""``--plan-only`` refuses what the sweep would, as far as nobody has to be started or asked for it."""

from __future__ import annotations

import click
import pytest

from sweep.cli import command
from sweep.running.errors import UsageError
from target_app.check_settings import trouble
from target_app.settings import Settings, names

ONE = ("--plan-only", "--concurrency", "1", "--repeats", "1")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--deployment", "pod:nowhere"], "there is no overlay"),
        (["--deployment", "run:no-such-program", "--config", "as-is"], "no-such-program"),
        (["--set", "NOPE=1"], "the target has no setting NOPE"),
        (["--config", "x:RETRIEVAL=bogus", "--config", "y"], "x: RETRIEVAL=bogus: "),
        (
            ["--config", "baseline", "--try-fixes", "--fix", "x:NOPE=1"],
            "--fix x: the target has no setting NOPE",
        ),
    ],
)
def test_what_cannot_be_started_is_refused(words: list[str], said: str) -> None:
    with pytest.raises((UsageError, click.ClickException)) as refused:
        command.main([*ONE, *words], prog_name="sweep", standalone_mode=False)
    assert said in str(refused.value)


def test_nobody_elsewhere_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--deployment", "url:http://127.0.0.1:9", "--config", "as-is"]
    command.main([*ONE, *words], prog_name="sweep", standalone_mode=False)
    assert "nothing was started" in capsys.readouterr().out


def test_each_sweep_has_another_seed_and_says_which(capsys: pytest.CaptureFixture[str]) -> None:
    def told(*words: str) -> str:
        command.main([*ONE, "--config", "as-is", *words], prog_name="sweep", standalone_mode=False)
        return capsys.readouterr().out

    url = ("--deployment", "url:http://127.0.0.1:9")
    assert len({told(*url) for _ in range(4)}) > 1
    assert "of --seed 7\n" in told(*url, "--seed", "7")


def test_the_app_takes_what_it_says_of_itself() -> None:
    assert names() == Settings().public().keys()
    assert trouble({"RETRIEVAL": "threaded", "INDEX": "flat"}) is None
    assert "INDEX" in (trouble({"INDEX": "no"}) or "")
