"""The LLM behind the targets: our server with a latency model, or a real one from the environment."""

from __future__ import annotations

import os
from pathlib import Path

import orjson

from records.cells.layout import LLM, LLM_LOG
from records.files import read_lines
from sweep.beside.ended import Ended
from sweep.planning.plan import Plan
from sweep.running.asking import status
from sweep.running.cpus import LLM_PRIORITY
from sweep.running.errors import UsageError, check_base_url
from sweep.running.ledger import Ledger
from sweep.running.processes import Child, free_port
from sweep.running.waiting import wait_begun

_START_SECONDS = 20.0


class LlmServer:
    """``mocks.openai_server`` on a free port, with its record of what it truly sent."""

    def __init__(self, run: Path, ledger: Ledger, *, realtime: bool = False) -> None:
        self._record = run / LLM
        self._log = run / LLM_LOG
        self._ledger = ledger
        self._realtime = realtime
        self._child: Child | None = None
        self._port = 0

    def start(self) -> str:
        """Its base URL. Raises UsageError when it does not come up."""
        self._port = self._port or free_port()
        port = self._port
        argv = ["-m", "mocks.openai_server", "--port", str(port), "--record", str(self._record)]
        self._child = Child(
            argv, log=self._log, ledger=self._ledger, realtime=LLM_PRIORITY if self._realtime else 0
        )
        base = f"http://127.0.0.1:{port}"
        if not wait_begun(self._child, lambda: status(base, "/health", 1.0) == 200, _START_SECONDS):
            why = self._child.complaint_after(_START_SECONDS)
            raise UsageError(f"the LLM server did not start: {why} ({self._log})")
        return f"{base}/v1"

    def ended(self, ended: Ended) -> None:
        """Tell if it did; then it is started again where the targets look for it. Raises UsageError."""
        if self._child is not None and self._child.exit_code() is not None:
            ended.helper("the LLM server", self._child)
            self._child.stop()
            self.start()

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop()

    def between(self, start_ns: int, end_ns: int) -> bytes:
        """The lines of the requests that this server received in a span of time (Unix ns)."""
        if not self._record.exists():
            return b""
        lines = (line for _, line in read_lines(self._record))
        return b"".join(line for line in lines if start_ns <= _received_at_ns(line) <= end_ns)


def _received_at_ns(line: bytes) -> int:
    """Unix ns; 0, when there was no sweep, for a line that is damaged: it is no cell's."""
    try:
        return int(orjson.loads(line)["received_at_ns"])
    except (ValueError, KeyError, TypeError):
        return 0


def named_llm(plan: Plan) -> str | None:
    """Where a real LLM was named for targets of ours (``--set`` first), or None: then ours is started.

    Raises:
        UsageError: what is named is no base URL, or has a password in it.
    """
    if not plan.needs_llm:
        return None
    url = plan.settings.get("OPENAI_BASE_URL") or os.environ.get("OPENAI_BASE_URL")
    if not url:
        return None
    check_base_url("OPENAI_BASE_URL", url, key="OPENAI_API_KEY")
    return url
