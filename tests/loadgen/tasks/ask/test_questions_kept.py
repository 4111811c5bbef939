"""What was asked is kept by what it is: a file of the same name may hold other questions next time."""

from pathlib import Path
from typing import Any

from loadgen.engine.settings import Settings
from loadgen.process.machine import machine
from loadgen.tasks.ask.options import AskOptions
from loadgen.tasks.ask.task import AskTask
from reach.options import DIRECT
from records.secrets.redaction import Redaction


def requested(**options: Any) -> Any:
    load = Settings(headers={}, reach=DIRECT, redaction=Redaction(), secrets=frozenset())
    return AskTask(AskOptions(**options), load).requested()


def test_other_questions_under_the_same_path_and_another_seed_are_told(tmp_path: Path) -> None:
    path = tmp_path / "q.txt"
    path.write_text("one\ntwo\n")
    before = requested(questions=str(path))
    path.write_text('\ufeff"one"\n{"id": 7, "question": "two"}\n')
    assert requested(questions=str(path)) == before
    path.write_text("one\nthree\n")
    after = requested(questions=str(path), question_seed=3)
    assert after["questions"] == before["questions"]
    assert (len(before["questions_sha256"]), before["question_seed"], after["question_seed"]) == (64, 0, 3)
    assert after["questions_sha256"] != before["questions_sha256"]


def test_a_machine_is_told_without_its_name() -> None:
    assert machine() == machine()
    assert len(machine()) == 16
