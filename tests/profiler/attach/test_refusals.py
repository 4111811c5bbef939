"""Why a process is not looked into: one line each, and exit code 2."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from newer_python import NEW, needs_new
from profiler.attach import remote, target
from profiler.attach.target import AttachError, Target, target_of

LIMIT_S = 60
THIS = "{}.{}".format(*sys.version_info)


def refused(*words: str) -> str:
    argv = [sys.executable, "-m", "profiler", *words, "--inside", "--duration", "1"]
    told = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S)
    assert (told.returncode, told.stdout, told.stderr.count("\n")) == (2, "", 1)
    return told.stderr


def running(*argv: str, **variables: str) -> subprocess.Popen[bytes]:
    """It says that it runs, and ends with its standard input."""
    env = {**os.environ, **variables}
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


ECHO = "import sys; print(flush=True); sys.stdin.read()"


def test_what_is_no_python_is_not_asked_anything(tmp_path: Path) -> None:
    with running("sh", "-c", "echo; cat") as process:
        line = refused("--pid", str(process.pid), "--output", str(tmp_path / "p.json"))
        process.communicate()
    assert "and not Python by itself" in line
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python lets itself be looked into")
def test_an_older_python_is_told_with_its_version_and_what_to_do_instead(tmp_path: Path) -> None:
    with running(sys.executable, "-c", ECHO) as process:
        line = refused("--pid", str(process.pid), "--output", str(tmp_path / "p.json"))
        process.communicate()
    assert f"runs Python {THIS}; one that runs already can be looked into from 3.14 on" in line
    assert "run:COMMAND" in line


@needs_new
def test_one_that_turned_it_off_is_told_how(tmp_path: Path) -> None:
    with running(str(NEW), "-c", ECHO, PYTHON_DISABLE_REMOTE_DEBUG="1") as process:
        line = refused("--pid", str(process.pid), "--output", str(tmp_path / "p.json"))
        process.communicate()
    assert "PYTHON_DISABLE_REMOTE_DEBUG" in line


@needs_new
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_another_users_process_is_not_looked_into(tmp_path: Path) -> None:
    with running(str(NEW), "-c", ECHO) as process:
        found = target_of(process.pid)
        unprivileged = Target(**{**vars(found), "uid": 65534, "gid": 65534})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Target, "its_user_runs_it", True)
            with pytest.raises(AttachError, match="may not be looked into: run this as its user or as root"):
                remote.run_there(unprivileged, os.devnull)
        process.communicate()


def a_target(**changes: object) -> Target:
    facts = {"pid": 7, "pid_there": 7, "python": "/usr/bin/python3.14", "root": Path("/"), "uid": 1, "gid": 1}
    return Target(**{**facts, "elsewhere": False, "libraries": "", **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(("raised", "words", "expected"), [
    ("", "", ""),
    ("RuntimeError", "Remote debugging is not enabled in the remote process", "PYTHON_DISABLE_REMOTE_DEBUG"),
    ("RuntimeError", "Remote debugging support has not been compiled in", "the build"),
    ("PermissionError", "[Errno 1] Operation not permitted", "SYS_PTRACE"),
    ("RuntimeError", "Can't find the main thread", "cannot be looked into: Can't find the main thread"),
])  # fmt: skip
def test_what_its_interpreter_raises_is_put_into_a_line(raised: str, words: str, expected: str) -> None:
    said = remote.refusal(a_target(), "3.14", raised, words)
    assert (expected in said, bool(said)) == (True, bool(raised))


def test_a_bound_of_the_systems_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "ptrace_scope", lambda: 1)
    assert "ptrace_scope is 1" in remote.refusal(a_target(), "3.14", "PermissionError", "no")


@pytest.mark.parametrize(("user", "why"), [(0, "even by this root: .* SYS_PTRACE"), (5, "is another user's")])
def test_a_root_that_may_not_is_not_told_to_be_root(
    monkeypatch: pytest.MonkeyPatch, user: int, why: str
) -> None:
    def refuse(_: object) -> str:
        raise PermissionError

    monkeypatch.setattr(target.os, "geteuid", lambda: user)
    monkeypatch.setattr(target.os, "readlink", refuse)
    with pytest.raises(AttachError, match=why):
        target_of(os.getpid())


def test_a_container_s_interpreter_is_named_as_it_sees_it_and_runs_as_its_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, me = tmp_path / "7", tmp_path / "self"
    for folder, root in ((own, "/srv/box"), (me, "/")):
        (folder / "ns").mkdir(parents=True)
        (folder / "ns" / "mnt").write_text("")
        (folder / "root").symlink_to(tmp_path / root.lstrip("/"))
    (tmp_path / "srv/box/usr/bin").mkdir(parents=True)
    (tmp_path / "srv/box/usr/bin/python3.14").write_text("")
    (own / "exe").symlink_to(f"{tmp_path}/srv/box/usr/bin/python3.14 (deleted)")
    (own / "status").write_text("Name:\tpython3.14\nUid:\t5\t5\t5\t5\nGid:\t6\t6\t6\t6\nNSpid:\t7\t1\n")
    (own / "environ").write_bytes(b"A=1\0LD_LIBRARY_PATH=/opt/lib\0")
    found = target_of(7, tmp_path)
    assert (found.python, found.pid_there, found.elsewhere) == ("/usr/bin/python3.14", 1, True)
    assert (found.uid, found.gid, found.libraries) == (5, 6, "/opt/lib")
    monkeypatch.setattr(target.os, "geteuid", lambda: 0)
    assert found.its_user_runs_it
    for place in ("tmp", "var"):
        (tmp_path / "srv/box" / place).symlink_to("/")  # in whose root would that be?
    with pytest.raises(AttachError, match="can be written in its root"):
        found.place()
    (tmp_path / "srv/box/usr/bin/python3.14").unlink()
    with pytest.raises(AttachError, match="has been removed since it started"):
        target_of(7, tmp_path)
