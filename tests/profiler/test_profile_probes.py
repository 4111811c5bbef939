"""``profile --probe``: what it takes, and that its probes end with it."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from profiler.cli import main
from records.evidence.probes import read, summarise
from support import Listener, environment, free_port, wait_until


def answer(sock: Any) -> None:
    with sock:
        if sock.recv(4096):
            sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")


def test_probes_lie_beside_the_profile_and_end_with_it_however_it_ends(tmp_path: Path) -> None:
    server = Listener(answer)
    flags = [*("--probe", f"http://127.0.0.1:{server.port}"), *("--probe-path", "/health", "--quiet")]
    argv = [sys.executable, "-m", "profiler", "--pid", str(os.getpid()), "--interval", "0.1", *flags]
    probes = tmp_path / "p.probes.jsonl"
    profile = subprocess.Popen(
        [*argv, "--output", str(tmp_path / "p.json")], env=environment(), stderr=subprocess.PIPE
    )
    wait_until(lambda: len(read(probes)) > 4)
    [prober] = psutil.Process(profile.pid).children()
    profile.terminate()
    assert profile.communicate(timeout=60)[1] == b""
    assert not prober.is_running()
    assert (tmp_path / "p.json").exists()
    assert {kind: one.failed for kind, one in summarise(read(probes)).items()} == {"accept": 0, "/health": 0}
    again = subprocess.Popen([*argv, "--output", str(tmp_path / "q.json")], env=environment())
    wait_until(lambda: read(tmp_path / "q.probes.jsonl"))
    [prober] = psutil.Process(again.pid).children()
    again.kill()
    again.wait()
    wait_until(lambda: not prober.is_running() or prober.status() == psutil.STATUS_ZOMBIE)
    server.close()


@pytest.mark.parametrize(("flags", "told"), [
    (["--probe-path", "/health"], "--probe-path is for probes: --probe URL says of what"),
    (["--key-header", "x-api-key"], "--key-header is for probes"),
    (["--probe", "127.0.0.1:8001"], "a service is probed at a URL"),
    (["--probe", "http://h", "--ca", "/nowhere.pem"], "--ca /nowhere.pem"),
    (["--probe", "http://h", "--probe-path", "/x?token=abcdefghijkl"], "looks like a secret"),
])  # fmt: skip
def test_what_cannot_be_probed_is_refused_before_anything_is_written(
    flags: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*flags, "--output", str(tmp_path / "p.json"), "--pid", str(os.getpid())]) == 2
    assert re.match(f"error: .*{re.escape(told)}", capsys.readouterr().err)
    assert not list(tmp_path.iterdir())


def test_what_never_answered_is_said_at_the_end_and_is_no_fault(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    flags = ["--output", str(tmp_path / "p.json"), "--pid", str(os.getpid()), "--quiet"]
    command = (
        f"until test -s {tmp_path}/p.probes.jsonl && test -s {tmp_path}/p.scraped.jsonl; do sleep 0.1; done"
    )
    asked = ["--probe", url, "--scrape", f"a={url}", "--command", command]
    assert main([*flags, *asked]) == 0
    said = capfd.readouterr().err
    assert re.search(rf"^profile: no probe of {url} succeeded \(\d+ refused\)$", said, re.MULTILINE)
    assert re.search(r"^profile: scrape a: \d+ of \d+ failed \(connection refused\)$", said, re.MULTILINE)
