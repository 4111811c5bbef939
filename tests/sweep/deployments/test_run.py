"""Anybody's command as a deployment: started, waited for, configured, and gone with all it started."""

import json
import os
import re
import shlex
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from sweep.deployments.catalogue import kind_of
from sweep.deployments.protocol import Endpoint, Setup
from sweep.running import cpu_got, processes
from sweep.running.errors import OutOfTime, UsageError
from sweep.running.processes import PROJECT

LIMIT_S = 60
APP = """
import http.server, json, os, signal, subprocess, sys

port, status = int(sys.argv[1]), int(os.environ.get("STATUS", "404"))
told = json.loads(os.environ.get("TOLD", "null"))
sleeper = "import time; print('child', flush=True); time.sleep(600)"
if os.environ.get("STUBBORN"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sleeper = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + sleeper
# One of another session, and orphaned at once.
popen = f"subprocess.Popen([sys.executable, '-c', {sleeper!r}], start_new_session=True)"
subprocess.run([sys.executable, "-c", "import subprocess, sys; " + popen], check=True)
subprocess.Popen([sys.executable, "-c", sleeper])

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body, code = b"", status
        if self.path == "/environment":
            body, code = json.dumps({**os.environ, "cwd": os.getcwd(), "path": sys.path}).encode(), 200
        if self.path == "/config" and told:
            body, code = json.dumps(told).encode(), 200
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

http.server.ThreadingHTTPServer(("127.0.0.1", port), Answer).serve_forever()
"""


@pytest.fixture
def app(tmp_path: Path) -> str:
    """The spec of a small app."""
    path = tmp_path / "an app.py"
    path.write_text(APP)
    return f"run:{shlex.quote(sys.executable)} {shlex.quote(str(path))} {{port}}"


@contextmanager
def started(spec: str, setup: Setup, **settings: str) -> Iterator[Endpoint]:
    deployment = kind_of(spec).deployment(setup)
    try:
        yield deployment.start("one", settings)
    finally:
        deployment.stop()


def asked(endpoint: Endpoint) -> Any:
    with urllib.request.urlopen(f"{endpoint.base_url}/environment", timeout=LIMIT_S) as answer:
        return json.load(answer)


def family(pids: tuple[int, ...]) -> list[psutil.Process]:
    roots = [psutil.Process(pid) for pid in pids]
    return [*roots, *(child for root in roots for child in root.children(recursive=True))]


def test_a_command_is_started_with_a_port_and_settings_and_nothing_of_it_is_left(
    app: str, setup_of: Callable[..., Setup], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TARGET_API_KEY", "sk-12345678-abc")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with started(app, setup_of(cwd=tmp_path), WEB_CONCURRENCY="4") as endpoint:
        seen = asked(endpoint)
        running = family(endpoint.pids)
    assert endpoint.base_url == f"http://127.0.0.1:{seen['PORT']}"
    assert (seen["WEB_CONCURRENCY"], seen["OPENAI_BASE_URL"]) == ("4", "http://127.0.0.1:1/v1")
    assert seen["cwd"] == str(tmp_path)
    assert "TARGET_API_KEY" not in seen
    assert str(PROJECT) not in seen["path"]
    assert endpoint.served.config is None
    assert len(running) == 3
    assert not psutil.wait_procs(running, timeout=LIMIT_S)[1]


def test_it_is_looked_into_by_what_stands_before_its_own_path(
    app: str, setup_of: Callable[..., Setup], tmp_path: Path
) -> None:
    folder = tmp_path / "targets" / "one.inside"
    with started(app, setup_of(inside=folder), PYTHONPATH="theirs") as endpoint:
        seen = asked(endpoint)
        assert endpoint.inside == folder
    assert seen["PYTHONPATH"] == f"{PROJECT / 'profiler' / 'inside' / 'site'}{os.pathsep}theirs"
    assert seen["CHOKEPOINT_INSIDE"] == str(folder)
    assert list(folder.iterdir()) == []  # it runs no event loop
    told = {"config": "custom", "settings": {"WEB_CONCURRENCY": 4}}
    with started(app, setup_of(), TOLD=json.dumps(told)) as endpoint:
        assert not {"CHOKEPOINT_INSIDE", "PYTHONPATH"} & (asked(endpoint).keys() - os.environ.keys())
        assert (endpoint.served.config, endpoint.served.settings) == ("custom", {"WEB_CONCURRENCY": 4})


def test_what_ignores_the_signal_is_gone_all_the_same(
    app: str, setup_of: Callable[..., Setup], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = "sweep/running/keeper.py"
    hasty = tmp_path / own
    hasty.parent.mkdir(parents=True)
    hasty.write_text((PROJECT / own).read_text().replace("STOP_SECONDS = 10.0", "STOP_SECONDS = 0.5"))
    monkeypatch.setattr(processes, "PROJECT", tmp_path)
    with started(app, setup_of(), STUBBORN="1") as endpoint:
        running = family(endpoint.pids)
    assert len(running) == 3
    assert not psutil.wait_procs(running, timeout=LIMIT_S)[1]


def refused(spec: str, setup_of: Callable[..., Setup], why: str, **changes: Any) -> list[str]:
    """What was reported of an app that is refused because of that. A busy machine may take longer to start it
    than it is waited for: then it is waited for longer."""
    for ready_seconds in (2.0, 10.0, 50.0):
        said: list[str] = []
        setup = setup_of(ready_seconds=ready_seconds, report=said.append, **changes)
        with pytest.raises(UsageError) as caught, started(spec, setup, STATUS="503"):
            pass
        if re.search(why, str(caught.value)):
            return said
    raise AssertionError(str(caught.value))


@pytest.mark.parametrize(("program", "why"), [
    ("print('oh no'); raise SystemExit(7)", "ended before it was ready, with 7: oh no"),
    ("import no_such_thing", "with 1: ModuleNotFoundError: No module named 'no_such_thing'"),
    ("import os; os.kill(os.getpid(), 9)", "with 137: no word yet"),
    ("import time; print('deaf'); time.sleep(600)",
     r"after \d+ s: nothing answers at http://127.0.0.1:\d+/; its last words: deaf"),
    ("import socket, time; s = socket.create_server(('127.0.0.1', 0)); time.sleep(600)",
     r"at http://127.0.0.1:(\d+)/, but it listens on port \d+, not on \1, which \{port\} in its words"),
])  # fmt: skip
def test_one_that_ends_or_never_answers_is_a_usage_error_with_its_last_words(
    program: str, why: str, setup_of: Callable[..., Setup]
) -> None:
    said = refused(f'run:{sys.executable} -c "{program}"', setup_of, why)
    if "socket" in program:
        assert said[-1].startswith("it listens on port ")


def test_one_that_is_never_ready_is_said_so_with_what_it_answers(app: str, setup_of: Any) -> None:
    why = r"not ready after \d+ s: http://127.0.0.1:\d+/up\?x=1 answers 503; its last words: "
    said = refused(app, setup_of, why, ready_path="/up?x=1")
    assert said[0].startswith("no answer at /up?x=1 yet; ")
    assert said[-1].startswith("/up?x=1 answers 503; ")


def test_while_it_gets_no_cpu_that_is_said_and_in_the_end_too(
    app: str, setup_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cpu_got, "SAID_AFTER_SECONDS", 0.0)
    got = cpu_got.CpuGot(seconds=40.0, cpu=3.0, queued=35.0)
    monkeypatch.setattr(cpu_got.CpuGot, "of", lambda pid, seconds: got)
    said, noted = list[str](), list[str]()
    setup = setup_of(ready_seconds=1.0, report=said.append, note=noted.append)
    why = r"(503|nothing answers at http\S+); it got 3\.0 s of CPU in 40 s, and .*; its last words: "
    with pytest.raises(UsageError, match=why), started(app, setup, STATUS="503"):
        pass
    assert said[0].startswith("no answer at / yet; it got 3.0 s of CPU in 40 s, and ")
    [told] = noted
    assert re.fullmatch(rf"not ready after \d+ s: {re.escape(str(got))}", told)


def test_the_budget_ends_its_start_too(app: str, setup_of: Any) -> None:
    setup = setup_of(ready_seconds=60.0, budget_ends=time.monotonic() + 1.0)
    why = r"the budget ended before the target was ready: (http|nothing answers at http).*; its last words: "
    with pytest.raises(OutOfTime, match=why), started(app, setup, STATUS="503"):
        pass


def test_killed_with_9_a_sweep_leaves_nothing_of_a_command(app: str, tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from sweep.running.cpus import Cpus
from sweep.deployments.catalogue import kind_of
from sweep.deployments.protocol import Setup
from sweep.running.ledger import Ledger
here = Path({str(tmp_path)!r})
setup = Setup(cpus=Cpus(mode="shared", load=(0,), target=None), llm_url="", log=here / "log",
              ledger=Ledger(here / "l"), report=lambda text: None)
endpoint = kind_of({app!r}).deployment(setup).start("one", {{}})
print(*endpoint.pids, flush=True)
signal.pause()
"""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        running = family(tuple(map(int, parent.stdout.readline().split())))
        assert len(running) == 3
        parent.kill()
    assert not psutil.wait_procs(running, timeout=LIMIT_S)[1]


@pytest.mark.parametrize(("spec", "why"), [
    ("run:", "wants a command, such as"), ("run:''", "wants a command"),
    ("run:app 'x", "a quote in the command is not closed"), ("run:app\n", "no printable text"),
    ("run:app \udcff", "no printable text"),
    ("run:app x | tee log", "no shell reads the command: '|' would be a word of it"),
    ("app --port {port}", "not 'app --port {port}'; a command begins with run:"),
])  # fmt: skip
def test_a_command_that_is_none_is_refused_in_one_line(spec: str, why: str) -> None:
    with pytest.raises(UsageError, match=rf"\A[^\n]*{why}[^\n]*\Z"):
        kind_of(spec)


@pytest.mark.parametrize(("spec", "why"), [
    ("run:no-such-command-x --port {port}", "on the PATH: 'no-such-command-x' .install it .* by its path"),
    ("run:/nowhere/gone", "no such command: '.*gone'"), (f"run:{__file__}", "may not be executed"),
    ("run:WORKERS=4 app", "no such command on the PATH: that .*settings go with --config and --set"),
])  # fmt: skip
def test_a_command_that_is_not_there_is_named_before_anything_starts(spec: str, why: str) -> None:
    kind_of(f"run:{sys.executable}").check(Setup.reach, {})
    with pytest.raises(UsageError, match=why):
        kind_of(spec).check(Setup.reach, {})


@pytest.mark.parametrize("words", [
    "app --api-key sk-hidden-1", "app --api-key=sk-hidden-1", "env OPENAI_API_KEY=hidden app",
    "app --db postgres://me:hidden@h/d", "app --x=https://me:hidden@h/", "app --token hidden",
    "app -H 'Authorization: Bearer hidden123456'", "app sk-hidden-0123456789", "sh -c 'app --token hidden'",
    "sh -c 'exec app --port 1 --api-key=hidden'", "curl -H 'X-MYTOKEN: hidden' x", "env MYTOKEN=hidden app",
    "curl -H X-MYTOKEN:hidden x",
])  # fmt: skip
def test_a_secret_in_the_command_is_refused_and_not_shown(words: str) -> None:
    with pytest.raises(UsageError, match=r"looks like a secret, .* give it in the environment") as caught:
        kind_of(f"run:{words}")
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(("words", "name"), [
    ("uvicorn mine:app --port {port}", "mine-app"), ("gunicorn -b 0.0.0.0:{port} mine:make()", "mine-make"),
    (".venv/bin/python -m uvicorn plants.app:app --host 127.0.0.1 --port {port}", "plants.app-app"),
    ("/usr/bin/python3 -m http.server {port}", "http.server"), ("./{port}", "run"),
    ("app --to http://localhost:8000/", "app-localhost-8000"), ("python3.14", "python3.14"),
    ("app --max-tokens 5 --ssl-keyfile=key.pem", "app-5"), ("x" * 200, "x" * 40),
    ("sh -c 'uvicorn auth:app --max-tokens 5'", "auth-app"), ("app --auth", "app"),
    ("env A=1 B= python serve.py --port {port}", "serve.py"), ("env A=1", "env-A-1"),
    ("docker run -p {port}:80 image:tag", "docker-run-image-tag"), ("app redis:primary", "app-redis-primary"),
    ("docker run image:tag uvicorn mine:app", "mine-app"), ("flask --app=mine:app run", "mine-app"),
    ("gunicorn -c python:its.conf mine:app", "mine-app"), ("uvicorn --header A:b mine:app", "mine-app"),
    ("gunicorn -c file:its.conf.py mine.web:app", "mine.web-app"), ("flask --app mine:app run", "mine-app"),
    ("docker run --entrypoint uvicorn its:tag mine:app", "mine-app"),
    ("uvicorn --reload mine:app", "mine-app"),
    ("opentelemetry-instrument .venv/bin/gunicorn --bind unix:a.sock mine.web:app", "mine.web-app"),
])  # fmt: skip
def test_a_command_without_a_label_is_called_by_its_words(words: str, name: str) -> None:
    assert kind_of(f"run:{words}").name == name
