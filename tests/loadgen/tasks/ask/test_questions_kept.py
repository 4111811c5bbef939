"""What was asked is kept by what it is: a file of the same name may hold other questions next time."""

from itertools import islice
from pathlib import Path
from typing import Any

from loadgen.engine.settings import Settings
from loadgen.engine.task import Share
from loadgen.process.machine import machine
from loadgen.tasks.ask.options import AskOptions
from loadgen.tasks.ask.task import AskTask
from reach.options import DIRECT
from records.secrets.redaction import Redaction


def task(drawn_seed: int = 0, turn: str = "", **options: Any) -> AskTask:
    none: Any = {"headers": {}, "reach": DIRECT, "redaction": Redaction(), "secrets": frozenset()}
    return AskTask(AskOptions(**options), Settings(drawn_seed=drawn_seed, turn=turn, **none))


def requested(**options: Any) -> Any:
    return task(**options).requested()


def first(**options: Any) -> list[str]:
    one = task(**options)
    one.check()
    return [question.id for question in islice(one.items(Share()), 80)]


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


def test_each_run_asks_others_and_a_seed_that_is_given_the_same() -> None:
    """By a cache that an earlier run filled, a service would seem to answer at once."""
    known = first(drawn_seed=1, turn="c01-r1/0")
    assert len(set(known) & set(first(drawn_seed=2, turn="c01-r1/0"))) < 20
    assert first(drawn_seed=1, turn="c01-r1/0") == known  # of another variant, on another worker
    assert first(drawn_seed=1, question_seed=5) == first(drawn_seed=2, question_seed=5) != known
    assert first(drawn_seed=9) == first(question_seed=requested(drawn_seed=9)["question_seed"])


def test_a_machine_is_told_without_its_name() -> None:
    assert machine() == machine()
    assert len(machine()) == 16
