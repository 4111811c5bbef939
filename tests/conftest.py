"""What the tests of several rooms share: servers that set traps, a locust process, and how a load ended."""

import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, settings

import reaper
import support
from between import Certificates, Over, ProxyServer, Relay
from records.cells.request import RequestRecord
from trap_servers import Script, TrapServer

# New examples are looked for at every run of a person; what lands is judged by the same ones each time.
# None is timed: how long an example takes, to make or to try, is this machine's.
settings.register_profile("person", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("steady", settings.get_profile("person"), derandomize=True)
settings.load_profile("person")
if os.environ.get("CI"):
    settings.load_profile("steady")

with pytest.MonkeyPatch.context() as of_the_import:
    # Beside other workers the threads of a matrix product wait for each other, at twice the CPU.
    of_the_import.setenv("OPENBLAS_NUM_THREADS", "1")
    import numpy  # noqa: F401


reaper.watch_over()
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As in what a shell starts behind it: each process of a test would inherit that, and be deaf to Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # as under nohup
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

SLOW = re.compile(
    r"tests/(cli|docs|foreign|locustfiles|loadgen/process|profiler|sweep|target_app|traps)/|scenario"
)
"""Modules that wait for processes."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Each worker, which is given an equal part of this list, begins with slow modules: what is taken from it
    at the end is quick, and no two workers start the servers of one module."""
    workers = int(getattr(config, "workerinput", {}).get("workercount", 1))
    if workers == 1:
        return
    modules: dict[str, list[pytest.Item]] = {}
    for item in items:
        modules.setdefault(item.nodeid.partition("::")[0], []).append(item)
    parts: list[list[pytest.Item]] = [[] for _ in range(workers)]
    slow = [name for name in modules if SLOW.search(name)]
    for number, name in enumerate(slow):
        parts[number % workers] += modules.pop(name)
    for found in modules.values():
        min(parts, key=len).extend(found)
    items[:] = [item for part in parts for item in part]


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    return support.free_port


@pytest.fixture(scope="session")
def ended_well() -> Callable[[support.Process], bool]:
    return support.ended_well


@pytest.fixture(autouse=True)
def environment_as_it_was() -> Iterator[None]:
    """What a command that ran in this process set, such as for a library that it imports, is no other's."""
    before = os.environ.copy()
    yield
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """A command of ours in this process, in ``tmp_path``: its ``main`` with these words and variables."""

    def called(main: Callable[..., Any], *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["here", *words])
        monkeypatch.setattr(signal, "signal", lambda *_: None)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        capfd.readouterr()
        try:
            code = main(list(words))
        except SystemExit as end:
            code = end.code
        said = capfd.readouterr()
        return subprocess.CompletedProcess(words, int(code or 0), said.out, said.err)

    return called


# -- servers: raw sockets, so that what is on the wire is exactly what a test says


@pytest.fixture
def trap() -> Iterator[Callable[[Script], TrapServer]]:
    servers: list[TrapServer] = []

    def start(script: Script) -> TrapServer:
        servers.append(TrapServer(script))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


# -- TLS in front of any of them


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl command to make certificates with")
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def behind_tls(request: pytest.FixtureRequest) -> Iterator[Callable[..., str]]:
    """Puts TLS in front of a plain server, by its URL or port: gives the URL with https."""
    relays: list[Relay] = []

    def start(where: str | int, context: ssl.SSLContext | None = None) -> str:
        port = where if isinstance(where, int) else urlsplit(where).port
        assert port
        certificates = request.getfixturevalue("certificates")
        relays.append(Relay(port, context or certificates.server()))
        return relays[-1].url

    yield start
    for relay in relays:
        relay.close()


@pytest.fixture(params=["http", "https"])
def over(request: pytest.FixtureRequest, behind_tls: Callable[..., str]) -> Over:
    """A test that takes this runs over plain HTTP and over TLS. It asks ``over.origin(server.url)``, or has a
    load ask: ``-H over.url(server.url)`` and ``*over.words``."""
    scheme = request.param
    ca = request.getfixturevalue("certificates").ca if scheme == "https" else ""
    return Over(scheme, ca, behind_tls)


@pytest.fixture
def proxy() -> Iterator[Callable[..., ProxyServer]]:
    """A proxy; with a ``status`` one that refuses whatever it is asked."""
    running: list[ProxyServer] = []

    def start(status: str = "") -> ProxyServer:
        running.append(ProxyServer(status))
        return running[-1]

    yield start
    for one in running:
        one.close()


# -- the reference app

TEXTS = {
    "france.txt": "The capital of France is Paris, on the river Seine.",
    "whales.md": "Whales are mammals that live in the sea and breathe air.",
    "bread.rst": "Bread is baked from flour, water, salt and yeast.",
    "sub/moon.txt": "The Moon orbits the Earth once in about 27 days.",
    "chess.txt": "In chess the bishop moves along the diagonals of the board.",
    "ignored.bin": "This suffix is not a text's.",
}


@pytest.fixture(scope="session")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A knowledge base of five passages."""
    folder = tmp_path_factory.mktemp("knowledge")
    for name, text in TEXTS.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture(scope="session")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the app keeps its indexes: a run's workers have one folder, so that whoever is first to start it
    with mock embeddings loads the real model, to build the index, and nobody after."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "indexes"


# -- the load


@pytest.fixture
def locust(tmp_path: Path) -> Iterator[Callable[..., support.Process]]:
    """locust with ``locustfiles/stream.py``."""
    running: list[support.Process] = []
    file = str(support.ROOT / "locustfiles" / "stream.py")

    def start(*arguments: str, **variables: str) -> support.Process:
        output = tmp_path / f"locust-{len(running)}.log"
        running.append(support.Process(output, "locust", "-f", file, *arguments, **variables))
        return running[-1]

    yield start
    for one in running:
        one.kill()


@pytest.fixture
def record() -> Callable[..., RequestRecord]:
    """A good answer of 10 ms, changed as asked."""
    base = RequestRecord(
        run="r", cell="c", worker="w", region="", user=0, seq=0, sent_at_ns=0, ended_at_ns=10_000_000,
        outcome="ok", documents=5, config="baseline",
        stages={"embed": {"queued_ms": 0.0, "running_ms": 9.0}},
    )  # fmt: skip

    def changed(**changes: object) -> RequestRecord:
        return replace(base, **changes)  # type: ignore[arg-type]

    return changed
