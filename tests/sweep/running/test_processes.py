"""Nothing that a sweep started outlives it, and nobody else's process is touched."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from sweep.running import processes
from sweep.running.cpus import may_be_realtime
from sweep.running.ledger import Ledger
from sweep.running.processes import PROJECT, Child

_SLEEP = ["-c", "import time; print('up', flush=True); time.sleep(60)"]


def test_a_child_is_ended_and_its_output_kept(tmp_path: Path) -> None:
    child = Child(
        ["-c", "print('hello'); raise SystemExit(3)"], log=tmp_path / "log", ledger=Ledger(tmp_path / "l")
    )
    assert child.wait(20) == 3
    assert child.last_words() == "hello"
    child.stop()


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("INFO: up\nERROR:    address already in use\nINFO: down\n", "ERROR:    address already in use"),
        (
            "x.py: error: unrecognized arguments: --y\nDid you mean --z?\n",
            "x.py: error: unrecognized arguments: --y",
        ),
        ("Error report\nno port\n\n", "no port"),
        ("", "no word yet"),
    ],
)
def test_a_child_s_complaint_is_its_last_error(tmp_path: Path, written: str, complaint: str) -> None:
    program = f"import sys; sys.stdout.write({written!r})"
    child = Child(["-c", program], log=tmp_path / "log", ledger=Ledger(tmp_path / "l"))
    assert child.wait(20) == 0
    assert child.complaint() == complaint


def test_the_ledger_ends_survivors(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    child = Child(_SLEEP, log=tmp_path / "log", ledger=ledger)
    assert ledger.end_survivors() == 1
    assert child.wait(20) is not None
    assert ledger.end_survivors() == 0


def test_a_pid_that_was_given_to_a_stranger_is_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, *_SLEEP], stdout=subprocess.PIPE)
    try:
        path = tmp_path / "ledger.jsonl"
        path.write_text(f'{{"pid": {stranger.pid}, "created": 1.0}}\n')
        assert Ledger(path).end_survivors() == 0
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.communicate(timeout=20)


@pytest.mark.skipif(sys.platform != "linux", reason="CPUs can be chosen on Linux only")
def test_a_child_is_on_its_cpus_before_it_is_a_program(tmp_path: Path) -> None:
    cpu = min(os.sched_getaffinity(0))
    program = "import os; print(sorted(os.sched_getaffinity(0)))"
    child = Child(["-c", program], log=tmp_path / "log", ledger=Ledger(tmp_path / "l"), cpus={cpu})
    assert child.wait(20) == 0
    assert child.last_words() == f"[{cpu}]"


@pytest.mark.skipif(sys.platform != "linux", reason="CPUs can be chosen on Linux only")
def test_a_cpu_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"on the CPUs \[9999\]"):
        Child(["-c", ""], log=tmp_path / "log", ledger=Ledger(tmp_path / "l"), cpus={9999})


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_a_child_dies_with_a_killed_parent(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path; import signal; from sweep.running.processes import Child; "
        "from sweep.running.ledger import Ledger;"
        f"d = Path({str(tmp_path)!r});"
        f"c = Child({_SLEEP!r}, log=d / 'log', ledger=Ledger(d / 'l'));"
        "print(c.pid, flush=True); signal.pause()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    process = psutil.Process(pid)
    parent.send_signal(signal.SIGKILL)
    parent.communicate(timeout=20)
    _, alive = psutil.wait_procs([process], timeout=20)
    assert not alive


@pytest.mark.parametrize(
    "line", ["5", "{}", '{"pid":-1,"created":1}', '{"pid":"x","created":1}', '{"pid":1,"created":null}', "no"]
)
def test_a_damaged_line_of_the_ledger_names_nobody(tmp_path: Path, line: str) -> None:
    path = tmp_path / "processes.jsonl"
    path.write_text(line + "\n")
    assert Ledger(path).end_survivors() == 0


def test_a_child_does_not_get_the_target_s_key_and_its_log_holds_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TARGET_API_KEY", "sk-12345678-abc")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-llm-0")
    monkeypatch.setenv("HTTPS_PROXY", "http://me:pr0xy-pass@127.0.0.1:1")
    program = "import os, sys; [sys.stdout.buffer.write(f'{n}={v} \\xff\\n'.encode('latin-1', 'replace'))"
    program += " for n, v in os.environ.items()]; print('error: sk-12345678-abc, %73k-of-the-llm-0')"
    child = Child(["-c", program], log=tmp_path / "log", ledger=Ledger(tmp_path / "l"))
    assert child.wait(20) == 0
    assert b"TARGET_API_KEY" not in (tmp_path / "log").read_bytes()
    assert child.complaint() == "error: ***, ***"
    child.stop()
    log = (tmp_path / "log").read_bytes()
    assert b"OPENAI_API_KEY=*** \xff\n" in log
    assert b"HTTPS_PROXY=http://***@127.0.0.1:1 \xff\n" in log
    for secret in (b"12345678", b"of-the-llm", b"pr0xy"):
        assert secret not in log


@pytest.mark.skipif(not may_be_realtime(), reason="real-time priority is not allowed here")
def test_a_child_before_all_others_that_never_waits_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "REALTIME_SECONDS", 0.3)
    argv, log, ledger = ["-c", "while True: pass"], tmp_path / "log", Ledger(tmp_path / "l")
    assert Child(argv, log=log, ledger=ledger, realtime=1).wait(60) == -signal.SIGKILL
