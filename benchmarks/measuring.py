"""One generator against the bench's own server, each on its own core: what it took, what both recorded."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import psutil
from generators import Failed, Generator, Order

ROOT = Path(__file__).resolve().parents[1]
SETTLE_S = 2.0
"""From when all users are connected until measuring begins."""
HEAVY_SETTLE_S = 5.0
"""The same from a heavy generator's first users: with its core full, it may never have all connected."""
SLACK_S = 4.0
"""For what a generator counts as its load's time before all its users are connected: Chokepoint 1.7 s."""
LIMIT_S = 54.0
"""For starting, connecting, settling and ending; with the 6 s that are measured, 60 s a run."""

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a timeout, too, ends the servers


@dataclass(kw_only=True)
class Run:
    """One generator against the server: what the server saw, what the generator used and what it said."""

    truth: list[dict[str, Any]]
    seen: list[dict[str, Any]]
    start_s: float
    end_s: float
    cpu_s: float
    streams: int = field(init=False)

    def __post_init__(self) -> None:
        inside = (one["sent_ns"][-1] / 1e9 for one in self.truth)
        self.streams = sum(self.start_s < ended <= self.end_s for ended in inside)

    @property
    def streams_per_s(self) -> float:
        return self.streams / (self.end_s - self.start_s)

    @property
    def events_per_s(self) -> float:
        sent_s = (sent_ns / 1e9 for one in self.truth for sent_ns in one["sent_ns"])
        inside: int = sum(self.start_s < sent <= self.end_s for sent in sent_s)
        return inside / (self.end_s - self.start_s)

    @property
    def in_flight(self) -> float:
        """Streams at a time, on average, of those that came to their end."""
        inside_s = 0.0
        for one in self.truth:
            began_s, ended_s = one["received_ns"] / 1e9, one["sent_ns"][-1] / 1e9
            inside_s += max(0.0, min(ended_s, self.end_s) - max(began_s, self.start_s))
        return inside_s / (self.end_s - self.start_s)

    @property
    def core_percent(self) -> float:
        """The generator's CPU, of one core."""
        return 100 * self.cpu_s / (self.end_s - self.start_s)

    def server_late_ms(self, ttft_ms: float, gap_ms: float) -> float:
        """By how much the server itself was late with its events, p99."""
        late = (
            sent_ns / 1e6 - one["received_ns"] / 1e6 - ttft_ms - place * gap_ms
            for one in self.truth
            for place, sent_ns in enumerate(one["sent_ns"])
            if self.start_s < sent_ns / 1e9 <= self.end_s
        )
        return quantile(list(late), 0.99)

    @property
    def us_per_event(self) -> float:
        return self.cpu_s * 1e6 / max(1.0, self.events_per_s * (self.end_s - self.start_s))


def cores() -> tuple[int, int]:
    """One for the server, one for the generator (the same where there is only one)."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


@contextmanager
def process(
    argv: Sequence[str], core: int, environment: Mapping[str, str] | None = None, said: TextIO | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A child pinned to a core, and with it all that it starts; ended at the end. It speaks to ``said``, or
    else to its ``stdout``."""
    child = subprocess.Popen(
        argv,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdout=said or subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        os.sched_setaffinity(child.pid, {core})
        yield child
    finally:
        if child.poll() is None:
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # what it started and left
        child.communicate()


def cpu_s(pid: int) -> float:
    """User and system time of a process and of all its descendants, those that have ended included."""
    parent = psutil.Process(pid)
    total = 0.0
    for one in (parent, *parent.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            total += float(times.user + times.system + times.children_user + times.children_system)
    return total


def measure(
    generator: Generator,
    server: Sequence[str],
    *,
    users: int,
    seconds: float,
    dialect: str = "openai",
    tail_s: float | None = None,
    tls: bool = False,
) -> Run:
    """Run one generator for ``seconds`` after it has settled. It comes to its own end, which its record
    needs, or is killed ``tail_s`` after measuring. Raises Failed where it cannot be measured."""
    server_core, generator_core = cores()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record = folder / "record.jsonl"
        argv = [sys.executable, "benchmarks/stream_server.py", "--record", str(record), "--dialect", dialect]
        ca = ""
        if tls:
            ca, key = certificate(folder)
            argv += ["--tls", ca, key]
        with process([*argv, *server], server_core) as served:
            assert served.stdout
            url = served.stdout.readline().split()[-1]
            load_s = settle_s(generator) + seconds + SLACK_S
            order = Order(url=url, users=users, seconds=load_s, dialect=dialect, folder=folder, ca=ca)
            figures = drive(generator, order, served.pid, generator_core, seconds, tail_s)
        truth = [json.loads(line) for line in record.read_text().splitlines()]
        return Run(truth=truth, seen=list(generator.seen(folder)), **figures)


def certificate(folder: Path) -> tuple[str, str]:
    """The files of a certificate of this machine's own, and of its key. Raises Failed."""
    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")
    argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    argv += ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    try:
        subprocess.run([*argv, "-keyout", key, "-out", cert], check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        raise Failed("the openssl command made no certificate") from error
    return cert, key


def settle_s(generator: Generator) -> float:
    return HEAVY_SETTLE_S if generator.heavy else SETTLE_S


def drive(
    generator: Generator, order: Order, server: int, core: int, seconds: float, tail_s: float | None
) -> dict[str, float]:
    """From the generator's start to its end: when measuring began and ended, and the CPU used meanwhile."""
    environment = {
        **generator.environment,
        "SEEN": str(order.folder / "seen.jsonl"),
        "DIALECT": order.dialect,
        "TMPDIR": str(order.folder),  # here and in the next: so that nothing is left
        "HF_HOME": str(order.folder / "hf"),
    }
    argv = generator.command(order)
    began_s = time.monotonic()
    limit_s = began_s + LIMIT_S + seconds
    with open(order.folder / "said.txt", "a+") as said:

        def failed(what: str) -> Failed:
            said.seek(0)
            return Failed(what, said.read()[-2000:])

        with process(argv, core, environment, said) as child:
            # Nearly all users: one that only asks whether the server is there, or what it is, is none.
            wanted = 2 if generator.heavy else 0.8 * order.users
            while connections(server) < wanted:
                if child.poll() is not None:
                    raise failed(f"ended with {child.returncode} before its users were connected")
                if time.monotonic() > limit_s - order.seconds:
                    raise failed(
                        f"its users were not connected within {limit_s - began_s - order.seconds:.0f} s"
                    )
                time.sleep(0.02)
            time.sleep(settle_s(generator))
            if child.poll() is not None:
                raise failed(f"ended with {child.returncode} before it was measured")
            start_s, start_cpu_s = time.monotonic(), cpu_s(child.pid)
            time.sleep(seconds)
            if child.poll() is not None:
                raise failed(f"ended with {child.returncode} while it was measured")
            end_s, end_cpu_s = time.monotonic(), cpu_s(child.pid)
            if tail_s is not None:
                time.sleep(tail_s)
                os.killpg(child.pid, signal.SIGKILL)
                return {"start_s": start_s, "end_s": end_s, "cpu_s": end_cpu_s - start_cpu_s}
            try:
                child.wait(max(1.0, limit_s - end_s))
            except subprocess.TimeoutExpired:
                raise failed(f"did not end within {LIMIT_S + seconds:.0f} s") from None
            if child.returncode not in generator.exits:
                raise failed(f"ended with {child.returncode}")
    return {"start_s": start_s, "end_s": end_s, "cpu_s": end_cpu_s - start_cpu_s}


def connections(pid: int) -> int:
    listed = psutil.Process(pid).net_connections("tcp")
    return sum(one.status == psutil.CONN_ESTABLISHED for one in listed)


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median (least to most)."""
    middle = f"{statistics.median(values):.{digits}f}"
    if len(values) == 1:
        return f"{middle} (one round)"
    return f"{middle} ({min(values):.{digits}f} to {max(values):.{digits}f})"
