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

    def __init__(self, record: Path, process: subprocess.Popen[str]) -> None:
        self.record = record
        assert process.stdout is not None
        self.port = int(process.stdout.readline())

    def truths(self) -> list[dict[str, Any]]:
        return rows(self.record)


Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def started() -> Iterator[Run]:
    """A process that ends with the test."""
    running: list[subprocess.Popen[str]] = []

    def start(*command: str, **options: Any) -> subprocess.Popen[str]:
        running.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, text=True, **options))
        return running[-1]

    yield start
    for process in running:
        process.terminate()
        try:
            process.wait(60)
        finally:
            process.kill()
            process.communicate()


@pytest.fixture
def foreign(tmp_path: Path, started: Run) -> Callable[[str], Foreign]:
    """The server of that file, listening; the test is skipped where what runs it is missing."""

    def start(file: str) -> Foreign:
        interpreter, record = NODE if file.endswith(".mjs") else sys.executable, tmp_path / f"{file}.jsonl"
        if interpreter is None:
            pytest.skip("no node to run the server with")
        command = (interpreter, str(SERVERS / file), str(record))
        return Foreign(record, started(*command, stdout=subprocess.PIPE))

    return start


@pytest.fixture
def nginx(tmp_path: Path, started: Run, free_port: Callable[[], int]) -> Callable[[int, str, str], int]:
    """nginx before a port, with ``proxy_buffering`` on or off and ``proxy_http_version``; gives its own."""

    def start(behind: int, buffering: str, version: str) -> int:
        if NGINX is None:
            pytest.skip("no nginx to put before the server")
        prefix = tmp_path / "nginx"
        prefix.mkdir()
        port = free_port()
        (prefix / "nginx.conf").write_text(
            NGINX_CONF.format(port=port, behind=behind, buffering=buffering, version=version)
        )
        process = started(NGINX, "-p", str(prefix), "-c", "nginx.conf", "-e", "error.log")

        def listens() -> bool:
            assert process.poll() is None, (prefix / "error.log").read_text()
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True

        wait_until(listens)
        return port

    return start
