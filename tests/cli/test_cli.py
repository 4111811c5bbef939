"""`chokepoint COMMAND ...` is the short command by another name, and imports nothing else's room."""

import os
import pty
import select
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
import pytest

from cli.commands import COMMANDS
from cli.errors import FAULT, INTERRUPTED, USAGE
from cli.main import COMMAND, main
from cli.menu import Menu
from mocks.catalogue import SERVERS
from profiler import cli as profile
from records import exit_codes
from reports.cli import main as report
from sweep import cli as sweep

ROOT = Path(__file__).resolve().parents[2]
SHORT = {"sweep": sweep.main, "report": partial(report.main, prog_name="report"), "profile": profile.main}


@pytest.mark.parametrize("words", [["--help"], ["--version"], []])
def test_its_help_and_version_import_no_room(words: list[str]) -> None:
    rooms = [path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name != "cli"]
    heavy = {*rooms, "tests", "numpy", "scipy", "pandas", "locust", "gevent", "pydantic", "rich"}
    code = f"import sys; from cli.main import main; main({words}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    seen = {name.partition(".")[0] for name in done.stderr.splitlines()[-1].split()}
    assert "click" in seen, done.stderr
    assert not seen & heavy


def test_a_plan_needs_no_numbers_package() -> None:
    code = "import sys, sweep.cli; sys.exit(bool({'numpy', 'scipy', 'pandas', 'locust'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60).returncode == 0


def test_its_exit_codes_are_those_of_every_command() -> None:
    assert (FAULT, USAGE, INTERRUPTED) == (exit_codes.FAULT, exit_codes.USAGE, exit_codes.INTERRUPTED)


@pytest.mark.parametrize(
    "words",
    [
        ["sweep", "--help"],
        ["sweep", "--plan-only", "--concurrency", "2", "--", "--think-time", "1"],
        ["sweep", "stray"],
        ["sweep", "--requests", "none"],
        ["report"],
        ["report", "--help"],
        ["report", "/nowhere"],
        ["profile", "-h"],
        ["profile", "--interval", "0"],
    ],
    ids=" ".join,
)
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
        words = shlex.split(entry.example.partition(" >>")[0])
        _parses(entry.command(), words)
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


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["swep"], "error: chokepoint has no command 'swep'; did you mean 'sweep'?"),
        (["mock", "opnai"], "error: chokepoint mock has no command 'opnai'; did you mean 'openai'?"),
        (["zzz"], f"error: chokepoint has no command 'zzz'; there are {', '.join(COMMANDS)}"),
    ],
)
def test_a_typo_gets_the_closest_name(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err == said + "\n"


def test_without_a_command_it_says_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert (out, "chokepoint sweep --config" in err) == ("", True)


def on_a_terminal(words: Sequence[str], **environment: str) -> str:
    """What it prints to one."""
    mine, its = pty.openpty()
    given = {"stdin": its, "stdout": its, "stderr": its}
    subprocess.run(words, cwd=ROOT, env=os.environ | environment, timeout=60, **given)
    os.close(its)
    text = b""
    try:
        while found := os.read(mine, 65536):
            text += found
    except OSError:  # Linux says the end of one so
        pass
    os.close(mine)
    return text.decode()


@pytest.mark.parametrize(
    ("environment", "coloured"), [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False)]
)
def test_colour_is_for_terminals_and_for_who_wants_it(environment: dict[str, str], coloured: bool) -> None:
    environment = {"NO_COLOR": "", **environment}
    text = on_a_terminal([sys.executable, "-m", "cli", "--help"], **environment)
    assert "Usage: chokepoint" in text
    assert ("\x1b[" in text) is coloured


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
    "chokepoint completion fi": "fish",
}  # fmt: skip


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A PATH on which `chokepoint` is this checkout's."""
    command = tmp_path / "bin" / "chokepoint"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cli "$@"\n')
    command.chmod(0o755)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
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


def test_bash_completes_commands_and_their_options(environment: dict[str, str], tmp_path: Path) -> None:
    shell = ["bash", "--noprofile", "--norc", "-i"]
    typed(shell, "source <(chokepoint completion bash)", environment, tmp_path)


@pytest.mark.skipif(shutil.which("zsh") is None, reason="there is no zsh")
def test_zsh_completes_commands_and_their_options(environment: dict[str, str], tmp_path: Path) -> None:
    setup = "autoload -U compinit; compinit -u; source <(chokepoint completion zsh)"
    typed(["zsh", "-f", "-i"], setup, environment, tmp_path)


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish")
def test_fish_completes_commands_and_their_options(environment: dict[str, str], tmp_path: Path) -> None:
    script = "chokepoint completion fish | source\n"
    script += "\n".join(f"complete -C {shlex.quote(begun)}; echo ---" for begun in LINES)
    done = subprocess.run(
        ["fish", "--no-config", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    for part, whole in zip(done.stdout.split("---\n"), LINES.values(), strict=False):
        assert part.startswith(whole), done.stdout + done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_a_script_of_its_own(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert f"_CHOKEPOINT_COMPLETE={shell}_complete" in capsys.readouterr().out


def test_names_are_completed_without_importing_what_they_name() -> None:
    code = "import sys; from cli.main import COMMAND as c; "
    code += "x = c.make_context('c', [], resilient_parsing=True); print(len(c.shell_complete(x, ''))); "
    code += "print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    number, modules = done.stdout.splitlines()
    assert int(number) == len(COMMANDS) == len(COMMAND.list_commands(click.Context(COMMAND)))
    assert not {"sweep", "reports", "profiler", "mocks"} & set(modules.split())
