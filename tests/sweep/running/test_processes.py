"""Nothing that a sweep started outlives it, and nobody else's process is touched."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import support
from sweep.running import processes
from sweep.running.cpus import may_be_realtime
from sweep.running.ledger import Ledger, Started, left
from sweep.running.processes import PROJECT, Command
from sweep.running.redaction import blank, sending

_SLEEP = ["-c", "import time; print('up', flush=True); time.sleep(60)"]


@pytest.mark.parametrize(("written", "code", "complaint"), [
    ("INFO: up\nERROR:    address already in use\nINFO: down\n", 0, "ERROR:    address already in use"),
    ("x.py: error: unrecognized arguments: --y\nDid you mean --z?\n", 0,
     "x.py: error: unrecognized arguments: --y"),
    ("Error report\nno port\n\n", 3, "no port"), ("", 0, "no word yet"),
])  # fmt: skip
def test_a_child_s_output_is_kept_and_its_complaint_is_its_last_error(
    child: Any, tmp_path: Path, written: str, code: int, complaint: str
) -> None:
    one = child(f"import sys; sys.stdout.write({written!r}); sys.exit({code})")
    assert one.wait(20) == code
    assert one.complaint() == complaint
    modes = [(tmp_path / "log").stat().st_mode & 0o777]
    one.stop()
    assert (tmp_path / "log").read_text() == written
    assert [*modes, (tmp_path / "log").stat().st_mode & 0o777] == [0o600, 0o644]  # blanked by now


def test_a_process_is_quoted_with_what_it_wrote_itself_where_its_log_goes_on(
    child: Any, tmp_path: Path
) -> None:
    earlier = child("print('error: of before')")
    assert earlier.wait(20) == 0
    earlier.stop()
    silent = child("pass")
    assert silent.wait(20) == 0
    assert silent.last_words() == "no word yet"
    later = child("print('up')")
    assert (
        tmp_path / "log"
    ).stat().st_mode & 0o777 == 0o600  # what is blanked is readable, and written behind
    assert later.wait(20) == 0
    assert (later.last_words(), later.complaint()) == ("up", "up")
    assert not later.has_written("of before")
    assert later.has_written("up")
    assert (tmp_path / "log").read_text() == "error: of before\nup\n"


@pytest.mark.parametrize(("seconds", "wrote"), [(20.0, "up\nthe rest\n"), (0.0, "up\n")])
def test_a_child_that_is_given_time_to_finish_writes_the_rest(
    child: Any, tmp_path: Path, seconds: float, wrote: str
) -> None:
    one = child(
        "import time\ntry:\n    print('up'); time.sleep(60)\nexcept KeyboardInterrupt:\n    print('the rest')"
    )
    support.wait_until(lambda: one.has_written("up"))
    one.finish(seconds)
    assert (tmp_path / "log").read_text() == wrote


@pytest.mark.parametrize(("program", "how"), [
    ("print('last words'); raise SystemExit(3)", "ended with exit code 3"),
    ("import os; print('last words', flush=True); os.kill(os.getpid(), 9)", "was killed by SIGKILL"),
])  # fmt: skip
def test_a_process_says_how_it_ended(tmp_path: Path, program: str, how: str) -> None:
    given: dict[str, Any] = {"log": tmp_path / "log", "ledger": Ledger(tmp_path / "l"), "env": {}}
    command = Command([sys.executable, "-c", program], cpus=None, cwd=None, **given)
    command.wait(60.0)
    assert command.ended() == f"the target {how}; its last line: last words"
    command.stop()


def test_the_ledger_ends_survivors(tmp_path: Path, child: Any) -> None:
    one, ledger = child(_SLEEP), Ledger(tmp_path / "ledger")
    assert ledger.end_survivors() == 1
    assert one.wait(20) is not None
    assert ledger.end_survivors() == 0


def test_a_pid_that_was_given_to_a_stranger_or_a_damaged_line_names_nobody(tmp_path: Path) -> None:
    path, me = tmp_path / "ledger.jsonl", Started(pid=os.getpid(), created=1.0)
    assert (me.session(), left([me])) == (None, [])
    with subprocess.Popen([sys.executable, *_SLEEP], stdout=subprocess.DEVNULL) as stranger:
        damaged = [
            "5",
            "{}",
            '{"pid":-1,"created":1}',
            '{"pid":"x","created":1}',
            '{"pid":1,"created":null}',
            "no",
        ]
        path.write_text("\n".join([f'{{"pid": {stranger.pid}, "created": 1.0}}', *damaged, ""]))
        assert Ledger(path).end_survivors() == 0
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="CPUs can be chosen on Linux only")
def test_a_child_is_on_its_cpus_before_it_is_a_program_and_one_that_is_gone_is_named(child: Any) -> None:
    cpu = min(os.sched_getaffinity(0))
    one = child("import os; print(sorted(os.sched_getaffinity(0)))", cpus={cpu})
    assert one.wait(20) == 0
    assert one.last_words() == f"[{cpu}]"
    with pytest.raises(RuntimeError, match=r"on the CPUs \[9999\]"):
        child("", cpus={9999})


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_a_child_dies_with_a_killed_parent(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path; import signal; from sweep.running.processes import Child; "
        f"from sweep.running.ledger import Ledger; d = Path({str(tmp_path)!r});"
        f"print(Child({_SLEEP!r}, log=d / 'log', ledger=Ledger(d / 'l')).pid, flush=True); signal.pause()"
    )
    env = {**os.environ, "PYTHONPATH": str(PROJECT)}
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=env) as parent:
        assert parent.stdout is not None
        process = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    assert not psutil.wait_procs([process], timeout=20)[1]


def test_a_child_does_not_get_the_target_s_key_and_its_log_holds_no_secret(
    tmp_path: Path, child: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = {
        "TARGET_API_KEY": "sk-12345678-abc", "OPENAI_API_KEY": "sk-of-the-llm-0", "MYTOKEN": "abc",
        "HTTPS_PROXY": "http://me:pr0xy-pass@127.0.0.1:1", "APP_DB_PASSWORD": "correct-horse-9",
    }  # fmt: skip
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    program = "import os, sys; [sys.stdout.buffer.write(f'{n}={v} \\xff\\n'.encode('latin-1', 'replace'))"
    program += " for n, v in os.environ.items()]; print('x-trace: header-123')"
    program += "; print('error: sk-12345678-abc, %73k-of-the-llm-0')"
    with sending({"X-Trace": "header-123"}):
        one = child(program)
        assert one.wait(20) == 0
        assert b"TARGET_API_KEY" not in (tmp_path / "log").read_bytes()
        assert one.complaint() == "error: ***, ***"
        one.stop()
    log = (tmp_path / "log").read_bytes()
    for said in (
        b"OPENAI_API_KEY=***",
        b"HTTPS_PROXY=http://***@127.0.0.1:1",
        b"APP_DB_PASSWORD=***",
        b"MYTOKEN=***",
    ):
        assert said + b" \xff\n" in log
    assert b"x-trace: ***\n" in log
    for secret in (b"12345678", b"of-the-llm", b"pr0xy", b"horse"):
        assert secret not in log
    assert blank(b"header-123") == b"header-123"


@pytest.mark.skipif(not may_be_realtime(), reason="real-time priority is not allowed here")
def test_a_child_before_all_others_that_never_waits_is_ended(child: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(processes, "REALTIME_SECONDS", 0.3)
    assert child("while True: pass", realtime=1).wait(60) == -signal.SIGKILL


FORKS = """
import os, time
for session in (False, True):
    if os.fork() == 0:
        if session:
            os.setsid()
        os.write(1, b"fork %d\\n" % os.getpid())
        time.sleep(600)
"""
APP = f"{FORKS}time.sleep(600)"


@pytest.fixture
def forks() -> Iterator[list[psutil.Process]]:
    """Ended in any case."""
    found: list[psutil.Process] = []
    yield found
    for process in found:
        if process.is_running():
            process.kill()


def forked(log: Path) -> list[psutil.Process]:
    """Once there are both."""
    support.wait_until(lambda: log.read_text().count("fork") == 2)
    return [psutil.Process(int(line.split()[1])) for line in log.read_text().splitlines()]


def running(processes: list[psutil.Process]) -> int:
    """How many of them are not at their end: one that has ended waits for whoever is the parent by now."""
    return sum(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes)


@pytest.mark.parametrize("resumed", [False, True])
def test_an_app_s_forks_are_ended_though_its_keeper_was_killed(
    tmp_path: Path, forks: list[psutil.Process], resumed: bool
) -> None:
    ledger = Ledger(tmp_path / "ledger")
    words, given = [sys.executable, "-c", APP], {"log": tmp_path / "log", "env": dict(os.environ)}
    command = Command(words, ledger=ledger, cpus=None, cwd=None, **given)
    forks += forked(tmp_path / "log")
    os.kill(command.pid, signal.SIGKILL)
    assert command.wait(60) == -signal.SIGKILL
    assert running(forks) == 2
    if resumed:
        assert ledger.end_survivors() >= 2
        assert ledger.end_survivors() == 0
    else:
        command.stop()
    assert running(forks) == 0


def test_what_a_child_left_that_ended_by_itself_is_ended(
    tmp_path: Path, child: Any, forks: list[psutil.Process]
) -> None:
    one = child(FORKS)
    assert one.wait(60) == 0
    forks += forked(tmp_path / "log")
    one.stop()
    assert running(forks) == 0
