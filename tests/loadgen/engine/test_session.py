"""Warm-up, window and end; the order of questions; lag; what pure modules import (TRAPS 12, 16, 17, 24)."""

import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

import loadgen
from loadgen.engine.session import Plan, Session
from loadgen.engine.task import Share
from loadgen.tasks.ask.question_files import Question
from loadgen.tasks.ask.questions import library_questions, shuffled, users_questions

S = 1_000_000_000


def session(requests: int = 0, users: int = 2, warmup: int = 3) -> Session:
    return Session(plan=Plan(users=users, warmup_requests=warmup, requests=requests, min_seconds=3))


def end(one: Session, at_ns: int, *, measured: bool, clean: bool = True, abort: bool = False) -> None:
    one.end(at_ns, measured=measured, clean=clean, abort=abort)


def in_window(requests: int) -> Session:
    one = session(requests=requests)
    one.spawned, one.window_start_ns = True, 10 * S
    return one


def test_warmup_ends_when_all_are_spawned_and_enough_have_ended() -> None:
    one = session()
    for at in (1, 2, 3):
        assert not one.begin()
        end(one, at * S, measured=False)
    assert one.window_ns() is None  # not all users are there
    one.spawned = True
    one.begin()
    end(one, 4 * S, measured=False)
    assert one.window_start_ns == 4 * S
    assert one.begin()


def test_it_stops_with_its_requests_and_its_seconds_and_ends_at_the_first_idle_user() -> None:
    one = in_window(2)
    for at in (11, 12):
        one.begin()
        end(one, at * S, measured=True)
    assert one.may_begin(12 * S)  # the requests are there, the seconds are not
    one.begin()
    one.begin()
    end(one, 13 * S, measured=True)
    assert not one.may_begin(13 * S + 5)
    end(one, 14 * S, measured=True)
    assert not one.may_begin(14 * S)
    assert one.window_ns() == (10 * S, 13 * S + 5)


@pytest.mark.parametrize(("clean", "stopping"), [
    ((True, False), False), ((True, False, True), True), ((True, False, False), False),
    ((True, False, False, False), True),  # no machine is waited for for ever
])  # fmt: skip
def test_late_requests_are_made_up_for_up_to_twice_the_number(
    clean: tuple[bool, ...], stopping: bool
) -> None:
    one = in_window(2)
    for at, on_time in enumerate(clean, 13):
        end(one, at * S, measured=True, clean=on_time)
    assert one.stopping is stopping


def test_cut_requests_count_nowhere() -> None:
    one = session(requests=1)
    one.begin()
    end(one, S, measured=True, abort=True)
    assert (one.ended, one.measured, one.in_flight) == (0, 0, 0)


@pytest.mark.parametrize(("users", "workers"), [(1, 1), (7, 1), (3, 2), (40, 1)])
def test_no_question_twice_until_all_were_asked(users: int, workers: int) -> None:
    order = shuffled([Question(str(i), str(i)) for i in range(120)], seed=1)
    share = 120 // (users * workers)
    asked = [
        question.id
        for worker in range(workers)
        for user in range(users)
        for question in islice(
            users_questions(order, Share(user=user, users=users, worker=worker, workers=workers)), share
        )
    ]
    assert len(set(asked)) == len(asked) == share * users * workers


def test_questions_are_seeded_and_endless() -> None:
    questions = [Question(str(i), str(i)) for i in range(5)]

    def first(seed: int, users: int = 1) -> list[str]:
        return [q.id for q in islice(users_questions(shuffled(questions, seed), Share(users=users)), 12)]

    assert first(1) == first(1) != first(2)
    assert set(first(1)[:5]) == set("01234")
    assert set(first(1, users=50)[:5]) == set("01234")


def test_the_library_gives_thousands_of_questions() -> None:
    questions = library_questions()
    assert len({question.id for question in questions}) == len(questions) > 3000
    asked = {"What does json.dumps do?", "How do I use os.path.join?", "Explain the function math.sqrt"}
    assert asked <= {question.text for question in questions}


def test_pure_modules_import_no_locust_and_no_gevent() -> None:
    folder = Path(loadgen.__file__).parent
    gevents = {f"client/{name}.py" for name in ("connect", "secured", "watched")}
    every = {path.relative_to(folder).as_posix() for path in folder.rglob("*.py")}
    pure = sorted(name for name in every - gevents if not name.startswith("adapter/"))
    modules = [f"loadgen.{name.removesuffix('.py').replace('/', '.')}" for name in pure]
    code = "\n".join([f"import {name.removesuffix('.__init__')}" for name in modules])
    code += "\nimport sys; assert not {'locust', 'gevent'} & set(sys.modules), 'locust came in'"
    subprocess.run([sys.executable, "-c", code], cwd=folder.parent, check=True, timeout=30)


def test_the_warm_up_takes_nothing_of_the_window_s_time_and_ends_where_nothing_is_answered() -> None:
    plan = Plan(users=1, warmup_requests=2, requests=50, min_seconds=3, max_seconds=8)
    silent, slow = Session(plan=plan, spawned=True), Session(plan=plan, spawned=True)
    for at in range(8):
        silent.look(at * S)
        assert not silent.stopping
    silent.look(8 * S)
    assert silent.stopping
    slow.look(0)
    for at in (5, 10):  # five seconds each
        slow.begin()
        end(slow, at * S, measured=False)
        slow.look(at * S)
    assert slow.window_start_ns == 10 * S
    slow.look(18 * S - 1)
    assert not slow.stopping
    slow.look(18 * S)
    assert slow.stopping


def test_each_turn_asks_others_first_and_the_same_turn_the_same() -> None:
    questions = [Question(str(i), str(i)) for i in range(2000)]
    first, second = (shuffled(questions, 1, turn)[:80] for turn in ("c01-r1/0", "c01-r2/0"))
    assert shuffled(questions, 1, "c01-r1/0")[:80] == first != shuffled(questions, 2, "c01-r1/0")[:80]
    assert len({one.id for one in first} & {one.id for one in second}) < 20
