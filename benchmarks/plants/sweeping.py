"""One interleaved sweep of a case's healthy and planted variants, and the servers that both ask."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import orjson
from plants import neighbours, remote
from plants.case import HEALTHY, PLANTED, Case, Variant
from plants.texts import KNOWLEDGE, write_texts

from records.cells import layout
from records.files import read_lines
from sweep.running.cpus import AUTO, LLM_PRIORITY, available, divide, may_be_realtime
from sweep.running.ledger import Ledger
from sweep.running.processes import Child, free_port

BENCHMARKS = Path(__file__).resolve().parents[1]
ROOT = BENCHMARKS.parent
BUDGET = "150s"
"""Of a sweep; on a quiet machine it takes 70 s. On a busy one, what was spoiled is measured again."""
LIMIT_S = 600.0
"""A machine that is busy with others is waited for, not for ever."""
REPEATS = 2
REQUESTS = 24
"""Of a cell; ten a user all the same, and eight seconds at most."""
_START_S = 60.0


class Failed(Exception):
    """A case could not be measured; the message says why."""


@contextmanager
def server(argv: Sequence[str], port: int, folder: Path, name: str, *, first: bool = True) -> Iterator[None]:
    """Beside the load, on its CPUs; ``first``: before all else there, as the sweep's own LLM server. What it
    starts inherits that. Raises Failed."""
    cpus = divide(AUTO, available())
    child = Child(
        argv,
        log=folder / f"{name}.log",
        ledger=Ledger(folder / "processes.jsonl"),
        cpus=cpus.load,
        realtime=LLM_PRIORITY if first and may_be_realtime() else 0,
    )
    try:
        ends = time.monotonic() + _START_S
        while not _listens(port):
            if child.exit_code() is not None or time.monotonic() > ends:
                raise Failed(f"the server {name} did not start: {child.complaint()}")
            time.sleep(0.1)
        yield
    finally:
        child.stop()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def _config(name: str, variant: Variant, llm_port: int | None) -> str:
    """As `--config` takes it; a side without settings of its own says at least which it is."""
    settings = {
        "PLANT": "",
        "USE_MOCK_EMBEDDINGS": "yes",
        **variant.settings,
    }  # cheap, where it is not the plant
    if llm_port is not None:
        settings["OPENAI_BASE_URL"] = f"http://127.0.0.1:{llm_port}/v1"
    return f"{name}:" + ",".join(f"{key}={value}" for key, value in settings.items())


def command(case: Case, configs: Sequence[str], name: str, output: Path, requests: int) -> list[str]:
    """The sweep's command line."""
    argv = [sys.executable, "-m", "sweep", "--name", name, "--output", str(output)]
    app = case.app.format(python=shlex.quote(sys.executable), benchmarks=shlex.quote(str(BENCHMARKS)))
    argv += ["--deployment", app]
    argv += ["--ready-path", case.ready_path, "--set", f"KNOWLEDGE_BASE_DIR={output / KNOWLEDGE}"]
    argv += [part for config in configs for part in ("--config", config)]
    argv += ["--reference", HEALTHY, *case.points, "--repeats", str(REPEATS)]
    argv += ["--requests", str(requests), "--budget", BUDGET, *case.sweep]
    if case.locust:
        argv += ["--", *(option.format(texts=output) for option in case.locust)]
    return argv


def measure(
    case: Case,
    dose: float,
    name: str,
    output: Path,
    *,
    sides: Sequence[str] = (HEALTHY, PLANTED),
    requests: int = REQUESTS,
) -> Path:
    """The results directory of a case at a dose. Raises Failed."""
    output = output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    write_texts(output)
    variants = {HEALTHY: case.healthy(dose), PLANTED: case.planted(dose)}
    with ExitStack() as stack:
        configs = []
        for side in sides:
            variant = variants[side]
            port = None if variant.llm is None else free_port()
            if variant.llm is not None and port is not None:
                record = str(output / f"llm-{side}.jsonl")
                argv = ["-m", "mocks.openai_server", "--port", str(port), "--record", record, *variant.llm]
                stack.enter_context(server(argv, port, output, f"llm-{side}"))
            configs.append(_config(side, variant, port))
        environment = dict(os.environ)
        for module in (remote, neighbours):
            port = free_port()
            name_of = module.__name__.rpartition(".")[2]
            argv = [str(BENCHMARKS / "plants" / f"{name_of}.py"), str(port)]
            stack.enter_context(server(argv, port, output, name_of, first=module is remote))
            environment[module.PORT_VARIABLE] = str(port)
        path = os.pathsep.join([str(ROOT), str(BENCHMARKS)])
        environment["PYTHONPATH"] = path
        environment.pop("OPENAI_BASE_URL", None)
        _run(command(case, configs, name, output, requests), environment, output / f"{name}.log")
    found = sorted(output.glob(f"*-{name}"))
    if not found:
        raise Failed(f"the sweep left no results: {output / name}.log")
    for side in sides:
        _share_out(output / f"llm-{side}.jsonl", found[-1], side)
    return found[-1]


def _share_out(record: Path, run: Path, side: str) -> None:
    """Give each cell what an LLM server of its variant sent meanwhile, as a sweep does with its own."""
    if not record.exists():
        return
    lines = [(int(orjson.loads(line)["received_at_ns"]), line) for _, line in read_lines(record)]
    for requests in run.glob(f"{layout.CELLS}/*/{side}/*/{layout.REQUESTS}"):
        sent = [orjson.loads(line) for _, line in read_lines(requests)]
        began = min((one["sent_at_ns"] for one in sent), default=0)
        ended = max((one["ended_at_ns"] for one in sent), default=0)
        inside = (line for at_ns, line in lines if began <= at_ns <= ended)
        (requests.parent / layout.LLM).write_bytes(b"".join(inside))


def _run(argv: Sequence[str], environment: dict[str, str], log: Path) -> None:
    """Raises Failed where it ends with anything but a measurement, valid or not."""
    with log.open("ab") as file:
        child = subprocess.Popen(argv, cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT)
        try:
            code = child.wait(LIMIT_S)
        except BaseException as error:
            child.terminate()  # the sweep ends what it has started
            child.wait(60)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            raise Failed(f"the sweep did not end within {LIMIT_S:.0f} s ({log})") from None
    if code not in (0, 3):
        words = log.read_text(errors="replace").split("\n")
        said = next((line.strip() for line in reversed(words) if line.strip()), "it said nothing")
        raise Failed(f"the sweep ended with {code}: {said} ({log})")
