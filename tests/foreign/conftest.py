"""Servers that are not ours, as processes, each with a record of what it did; nginx before one of them."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support import rows, wait_until

SERVERS = Path(__file__).resolve().parent / "servers"
NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")
NODE = shutil.which("node") or shutil.which("nodejs")
NGINX_CONF = """
daemon off;
master_process off;
pid nginx.pid;
error_log error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy;
    fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{behind};
            proxy_http_version {version};
            proxy_buffering {buffering};
        }}
    }}
}}
"""


class Foreign:
    """A server's process; its first line says its port."""

    def __init__(self, record: Path, *command: str) -> None:
        self.record = record
        self.process = subprocess.Popen(
            [*command, str(record)], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def truths(self) -> list[dict[str, Any]]:
        return rows(self.record)

    def stop(self) -> None:
        stop(self.process)
        self.process.communicate()


def stop(process: subprocess.Popen[Any]) -> None:
    process.terminate()
    try:
        process.wait(timeout=60)
    finally:
        process.kill()
        process.wait(timeout=60)


@pytest.fixture
def foreign(tmp_path: Path) -> Iterator[Callable[[str], Foreign]]:
    """The server of that file, listening; the test is skipped where what runs it is missing."""
    running: list[Foreign] = []

    def start(file: str) -> Foreign:
        interpreter = NODE if file.endswith(".mjs") else sys.executable
        if interpreter is None:
            pytest.skip("no node to run the server with")
        running.append(Foreign(tmp_path / f"{file}.jsonl", interpreter, str(SERVERS / file)))
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture
def nginx(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Callable[[int, str, str], int]]:
    """nginx before a port, with ``proxy_buffering`` on or off and ``proxy_http_version``; gives its own."""
    running: list[subprocess.Popen[bytes]] = []

    def start(behind: int, buffering: str, version: str) -> int:
        if NGINX is None:
            pytest.skip("no nginx to put before the server")
        prefix = tmp_path / "nginx"
        prefix.mkdir()
        port = free_port()
        (prefix / "nginx.conf").write_text(
            NGINX_CONF.format(port=port, behind=behind, buffering=buffering, version=version)
        )
        command = [NGINX, "-p", str(prefix), "-c", "nginx.conf", "-e", "error.log"]
        running.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))

        def listens() -> bool:
            assert running[-1].poll() is None, (prefix / "error.log").read_text()
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True

        wait_until(listens)
        return port

    yield start
    for process in running:
        stop(process)
