"""Programs that took the CPU while the load wanted it: none of the sweep's, and no secret."""

import os
import socket
import subprocess
import sys
from typing import Any

import pytest

from records.cells.other_programs import OtherProgram
from sweep.running.others import Program, Programs, busiest, in_words, listeners, ours


def _seen(at: float, **cpu_seconds: float) -> Programs:
    """``p7=1.5``: the program of that pid, and what it used by then."""
    known = {
        int(name[1:]): Program(pid=int(name[1:]), name="make\x1b[2J", cpu_seconds=used, created=1.0)
        for name, used in cpu_seconds.items()
    }
    return Programs(at=at, known=known)


def test_the_busiest_that_are_not_ours_are_named_with_their_share() -> None:
    before = _seen(100.0, p7=50.0, p8=1.0, p9=0.0, p10=3.0, p11=0.0)
    after = _seen(110.0, p7=59.5, p8=1.5, p9=9.0, p10=6.0, p11=2.0, p12=1.0)
    taken = busiest(before, after, {9})
    assert in_words(taken) == (
        "other programs took of a core: make?[2J (pid 7) 95 %, make?[2J (pid 10) 30 %, "
        "make?[2J (pid 11) 20 %; end them"
    )
    assert busiest(before, _seen(110.0, p7=50.5), ()) == ()
    assert busiest(before, _seen(100.5, p7=51.0), ()) == ()  # too short a time to tell
    assert in_words(()) == ""


def test_programs_that_took_little_together_are_named_as_nobody_to_blame() -> None:
    few = [OtherProgram(name="python", pid=pid, cores=0.15) for pid in (7, 8, 9)]
    assert in_words(few) == ""
    assert "python (pid 10) 10 %; end them" in in_words(
        [*few, OtherProgram(name="python", pid=10, cores=0.1)]
    )


def test_another_program_of_the_same_number_counts_from_its_beginning() -> None:
    later = Program(pid=7, name="cc", cpu_seconds=4.0, created=102.0)
    [found] = busiest(_seen(100.0, p7=50.0), Programs(at=110.0, known={7: later}), ())
    assert found == OtherProgram(name="cc", pid=7, cores=0.4)


@pytest.mark.parametrize(("name", "shown"), [
    ("x correct-horse-9", "x ***"), ("Web Content", "Web Content"),
    ("index-rebuilder: --of customers", "index-rebuilder:"),  # a title that a program gave itself
])  # fmt: skip
def test_a_name_is_shown_without_secrets_and_arguments(
    name: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SVC_API_TOKEN", "correct-horse-9")
    named = Program(pid=7, name=name, cpu_seconds=4.0, created=1.0)
    [found] = busiest(Programs(at=0.0), Programs(at=10.0, known={7: named}), ())
    assert found.name == shown


def test_what_the_sweep_started_is_ours_with_its_children() -> None:
    code = "import subprocess as s, sys; print(s.Popen(['sleep', '60']).pid, flush=True); sys.stdin.read()"
    words: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", code], **words) as child:
        assert child.stdout is not None
        sleeper = int(child.stdout.readline())
        try:
            found = ours([])
            assert {os.getpid(), child.pid, sleeper} <= found
            assert os.getppid() not in found
            assert os.getppid() in ours([os.getppid()])
            assert sleeper in Programs.now().known
        finally:
            os.kill(sleeper, 9)
            child.communicate()


def test_who_listens_at_an_address_of_this_machine_is_no_stranger() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert (
            listeners(f"http://127.0.0.1:{port}/v1") == listeners(f"http://localhost:{port}") == {os.getpid()}
        )
        assert listeners(f"http://192.0.2.7:{port}") == set()
    assert listeners(f"http://127.0.0.1:{port}") == set()
