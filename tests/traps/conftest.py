"""The fault servers as processes, and their records of the truth."""

from __future__ import annotations

import json
import re
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 60.0


class Served:
    """``python -m mocks.faults NAME``, listening."""

    def __init__(self, folder: Path, name: str, dialect: str, knobs: dict[str, float]) -> None:
        self.name, self.dialect = name, dialect
        self.record = folder / f"{name}-{dialect}.jsonl"
        options = [f"--{knob.replace('_', '-')}={value}" for knob, value in knobs.items()]
        command = [sys.executable, "-m", "mocks.faults", name, "--dialect", dialect]
        self.process = subprocess.Popen(
            [*command, "--record", str(self.record), *options],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            cwd=ROOT,
            text=True,
        )
        assert self.process.stdout is not None
        said = self.process.stdout.readline()  # its end of file, where it could not listen
        found = re.search(r":(\d+)$", said.strip())
        assert found, said
        self.port = int(found[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.asked = 0

    def truths(self, count: int) -> list[dict[str, Any]]:
        """The records, in the order of the requests, once there are ``count``."""
        limit = time.monotonic() + LIMIT_S
        while time.monotonic() < limit:
            raw = self.record.read_text() if self.record.exists() else ""
            if raw.count("\n") >= count:
                return sorted(map(json.loads, raw.splitlines()), key=lambda truth: int(truth["request"]))
            time.sleep(0.01)
        raise AssertionError(f"not {count} records in time")

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        finally:
            self.process.kill()
            self.process.communicate()


Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """A server of the fault NAME with small times, or those given; ended after use."""
    running: list[Served] = []

    def start(name: str, dialect: str = "ask", **knobs: float) -> Served:
        small: dict[str, float] = {"ttft_ms": 40, "itl_ms": 8, "tokens": 8, "stall_s": 0.3}
        running.append(Served(tmp_path, name, dialect, small | knobs))
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture(params=["http", "https"])
def either_way(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Any], str]:
    """Has a server of ``trap`` speak plain HTTP, or TLS with a certificate that clients trust; its URL."""
    if request.param == "http":
        return lambda server: str(server.url)
    if shutil.which("openssl") is None:
        pytest.skip("no openssl command to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = str(folder / "key.pem"), str(folder / "cert.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-keyout", key]
    command += ["-out", certificate, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(command, check=True, capture_output=True, timeout=LIMIT_S)
    monkeypatch.setenv("SSL_CERT_FILE", certificate)

    def with_tls(server: Any) -> str:
        server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.tls.load_cert_chain(certificate, key)
        return f"https://localhost:{server.port}"

    return with_tls
