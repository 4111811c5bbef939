"""`chokepoint COMMAND ...` is the short command by another name, and imports nothing else's room."""

import contextlib
import os
import pty
import select
import shlex
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import click
import pytest

from cli.commands import COMMANDS
from cli.main import main
from cli.menu import Menu
from mocks import openai_server
from mocks.catalogue import SERVERS
from profiler import cli as profile
from reports.cli import main as report
from sweep import cli as sweep

ROOT = Path(__file__).resolve().parents[2]
SHORT = {"sweep": sweep.main, "report": partial(report.main, prog_name="report"), "profile": profile.main}
HEAVY = {"tests", "numpy", "scipy", "pandas", "locust", "gevent", "pydantic", "rich"}
LIGHT = {"records", "records.exit_codes"}
"""Numbers alone: they import nothing."""
ROOMS = {path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name != "cli"}
_COMPLETED = (
    "from cli.main import COMMAND as c; x = c.make_context('c', [], resilient_parsing=True); "
    "assert len(c.shell_complete(x, '')) == len(c.list_commands(x)) > 3"
)


@pytest.mark.parametrize(("code", "unwanted"), [
    *((f"from cli.main import main; main({one})", HEAVY | ROOMS) for one in (["--help"], ["--version"], [])),
    (_COMPLETED, ROOMS), ("import sweep.cli", HEAVY - {"tests", "pydantic", "rich"}),
])  # fmt: skip
def test_what_needs_no_room_or_numbers_imports_none(code: str, unwanted: set[str]) -> None:
    words = [sys.executable, "-c", f"import sys; {code}; print(*sys.modules, file=sys.stderr)"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)
    seen = {name.partition(".")[0] for name in {*done.stderr.splitlines()[-1].split()} - LIGHT}
    assert "click" in seen, done.stderr
    assert not seen & unwanted


def test_without_a_command_it_says_which_there_are_and_each_shell_has_a_script(here: Any) -> None:
    done = here(main)
    assert (done.returncode, done.stdout, "chokepoint sweep --deployment" in done.stderr) == (2, "", True)
    for shell in ("bash", "zsh", "fish"):
        scripts = here(main, "completion", shell).stdout
        for name in ("chokepoint", *SHORT):
            assert f"_{name.upper()}_COMPLETE={shell}_complete" in scripts


@pytest.mark.parametrize("words", [
    ["sweep", "--help"],
    ["sweep", "--plan-only", "--seed", "0", "--concurrency", "2", "--", "--think-time", "1"],
    ["sweep", "stray"], ["report"], ["report", "--help"], ["report", "/nowhere"], ["profile", "-h"],
    ["profile", "--interval", "0"],
])  # fmt: skip
def test_what_follows_the_command_is_as_in_the_short_one(here: Any, words: list[str]) -> None:
    name, *rest = words
    long, short = here(main, *words), here(SHORT[name], *rest)
    assert long.returncode == short.returncode

    def text(of: str) -> list[str]:  # a longer name wraps the usage line elsewhere
        return of.replace(f"chokepoint {name}", name).split()

    assert (text(long.stdout), text(long.stderr)) == (text(short.stdout), text(short.stderr))
    if "help" in words[-1] or words[-1] == "-h":
        assert long.stdout.startswith(f"Usage: chokepoint {name} ")


def test_the_help_teaches_each_command_by_an_example_that_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    for name, entry in COMMANDS.items():
        assert entry.sentence in text
        _parses(entry.command(), shlex.split(entry.example.partition(" >>")[0]))
        assert f"chokepoint {name} {entry.example}\n" in text
    assert "\x1b" not in text  # no terminal


def _parses(command: click.Command, words: list[str]) -> None:
    """Raises UsageError for a word that it does not know."""
    context = command.make_context(command.name or "", list(words))
    if isinstance(command, Menu):
        _, inner, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert inner is not None
        assert rest


@pytest.mark.parametrize("name", list(SERVERS))
def test_a_mock_is_started_by_its_name(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mock", "--help"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    assert f"chokepoint mock {name} {SERVERS[name].example}\n" in text
    assert main(["mock", name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: chokepoint mock {name} ")
    assert main(["mock", name, "--nothing"]) == 2
    assert capsys.readouterr().err.startswith("error: No such option '--nothing'")


@pytest.mark.parametrize(("words", "said"), [
    (["swep"], "error: chokepoint has no command 'swep'; did you mean 'sweep'?"),
    (["mock", "opnai"], "error: chokepoint mock has no command 'opnai'; did you mean 'openai'?"),
    (["zzz"], f"error: chokepoint has no command 'zzz'; there are {', '.join(COMMANDS)}"),
])  # fmt: skip
def test_a_typo_gets_the_closest_name(words: list[str], said: str, capsys: Any) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err == said + "\n"


@pytest.mark.parametrize(("command", "words"), [
    *((command, ["--no-such-option"]) for command in (*SHORT.values(), openai_server.main)),
    (profile.main, ["--interval", "nan"]), (profile.main, ["--duration", "inf"]),
    (openai_server.main, ["--ttft-ms", "nan"]), (openai_server.main, ["--tokens", "\u0665"]),
    (sweep.main, ["--ready-seconds", "nan"]), (sweep.main, ["--repeats", "\u0661"]),
])  # fmt: skip
def test_a_mistake_is_one_line_that_begins_with_error_whatever_command_it_is(
    here: Any, command: Any, words: list[str]
) -> None:
    done = here(command, *words)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("error: ")
    assert words[0] in done.stderr


@pytest.mark.parametrize("unwanted", ["", "1"])
def test_colour_is_for_terminals_and_for_who_wants_it(unwanted: str) -> None:
    mine, its = pty.openpty()
    given: Any = {"env": os.environ | {"TERM": "xterm", "NO_COLOR": unwanted}, "cwd": ROOT, "timeout": 60}
    subprocess.run([sys.executable, "-m", "cli", "--help"], stdin=its, stdout=its, stderr=its, **given)
    os.close(its)
    text = b""
    with contextlib.suppress(OSError):  # Linux says the end of one so
        while found := os.read(mine, 65536):
            text += found
    os.close(mine)
    assert b"Usage: chokepoint" in text
    assert (b"\x1b[" in text) is not bool(unwanted)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
def test_a_full_disk_is_one_line() -> None:
    words = [sys.executable, "-m", "cli", "--help"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(words, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    said = "error: it could not be printed: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, said)


# -- completion: each shell's own, with what `chokepoint completion` prints

LINES = {
    "chokepoint sw": "sweep", "chokepoint sweep --conf": "--config", "chokepoint report --outp": "--output",
    "chokepoint profile --dura": "--duration", "chokepoint mock op": "openai",
    "chokepoint mock openai --tok": "--tokens", "chokepoint mock faults --dialect op": "openai",
    "chokepoint completion fi": "fish", "sweep --repe": "--repeats", "report --js": "--json",
    "profile --inte": "--interval",
}  # fmt: skip


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A PATH on which `chokepoint` and the short names are this checkout's."""
    (folder := tmp_path / "bin").mkdir()
    for name, room in {
        "chokepoint": "cli",
        "sweep": "sweep",
        "report": "reports",
        "profile": "profiler",
    }.items():
        (folder / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {room} "$@"\n')
        (folder / name).chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "TERM": "dumb", "HOME": str(tmp_path)}


def typed(shell: list[str], setup: str, environment: dict[str, str], folder: Path) -> None:
    """Types the beginning of each of `LINES` and TAB, and waits until the shell has written its end."""
    mine, its = pty.openpty()
    process = subprocess.Popen(
        shell, cwd=folder, env=environment, stdin=its, stdout=its, stderr=its, start_new_session=True
    )
    os.close(its)
    try:
        os.write(mine, f"{setup}; echo re''ady\n".encode())
        until(mine, "ready")
        for begun, whole in LINES.items():
            os.write(mine, f"{begun}\t".encode())
            until(mine, whole)
            os.write(mine, b"\x15")  # what is typed is left again
    finally:
        process.kill()
        process.wait()
        os.close(mine)


def until(terminal: int, wanted: str) -> None:
    text, end = "", time.monotonic() + 60
    while wanted not in text:
        left = end - time.monotonic()
        assert left > 0, text
        if select.select([terminal], [], [], left)[0]:
            text += os.read(terminal, 65536).decode(errors="replace")


@pytest.mark.parametrize(("shell", "setup"), [
    (["bash", "--noprofile", "--norc", "-i"], "source <(chokepoint completion bash)"),
    (["zsh", "-f", "-i"], "autoload -U compinit; compinit -u; source <(chokepoint completion zsh)"),
])  # fmt: skip
def test_a_shell_completes_commands_and_their_options(
    shell: list[str], setup: str, environment: dict[str, str], tmp_path: Path
) -> None:
    if shutil.which(shell[0]) is None:
        pytest.skip(f"there is no {shell[0]}")
    typed(shell, setup, environment, tmp_path)


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish")
def test_fish_completes_commands_and_their_options(environment: dict[str, str], tmp_path: Path) -> None:
    asked = [f"complete -C {shlex.quote(begun)}; echo ---" for begun in LINES]
    words = ["fish", "--no-config", "-c", "\n".join(("chokepoint completion fish | source", *asked))]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True)
    for part, whole in zip(done.stdout.split("---\n"), LINES.values(), strict=False):
        assert part.startswith(whole), done.stdout + done.stderr
