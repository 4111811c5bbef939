"""Scrapes what services say of themselves, each on a thread of its own: one that hangs holds up no other."""

from __future__ import annotations

import http.client
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from profiler.schedule import Schedule
from records.evidence.scrape import Scrape
from records.evidence.series import is_wanted, parse, redacted
from records.files import LineFile
from records.options.hosts import is_here

LEAST_INTERVAL_S = 2.0
"""An exporter takes a millisecond or more to answer, of the event loop that it lives in, and reading what it
says takes as long as a sample."""
TIMEOUT_S = 5.0
MOST_BYTES = 8 << 20
MOST_SERIES = 500
_REMEMBERED = 4 * MOST_SERIES
_STOP_S = 1.0


class Scraping:
    """From its making to `stop`, a line a scrape."""

    def __init__(
        self, scrapes: Sequence[Scrape], path: Path, interval_s: float, redact: Callable[[str], str] = str
    ) -> None:
        """``redact`` blanks what is secret in a text. Raises OSError where the file cannot be made."""
        self._redact = redact
        self._file = LineFile(path)
        self._writes = threading.Lock()
        self._stopped = threading.Event()
        self._anchor_ns = time.time_ns() - time.monotonic_ns()
        self._failure: OSError | None = None
        self._interval_s = max(LEAST_INTERVAL_S, interval_s)
        self._threads = [
            threading.Thread(target=self._run, args=(scrape,), daemon=True, name=f"scrape {scrape.name}")
            for scrape in scrapes
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Raises OSError where not all could be written."""
        self._stopped.set()
        until_s = time.monotonic() + _STOP_S
        for thread in self._threads:
            thread.join(max(0.0, until_s - time.monotonic()))
        with self._writes:  # one that still waits for an answer finds it closed
            self._file.close()
        if self._failure is not None:
            raise self._failure

    def _run(self, scrape: Scrape) -> None:
        opener = _opener(scrape.url)
        schedule = Schedule(start_s=time.monotonic(), interval_s=self._interval_s, duration_s=0.0)
        tick = 0

        @lru_cache(_REMEMBERED)  # a service says the same names again and again
        def shown(key: str) -> str:
            return redacted(key, self._redact)

        while not self._stopped.wait(max(0.0, schedule.due_s(tick) - time.monotonic())):
            self._append({"source": scrape.name, **scraped(opener, scrape, shown)})
            tick, _ = schedule.after(tick, time.monotonic())

    def _append(self, line: dict[str, Any]) -> None:
        at_ns = self._anchor_ns + time.monotonic_ns()
        with self._writes:
            if self._stopped.is_set() or self._failure:
                return
            try:
                self._file.append(orjson.dumps({"at_ns": at_ns, **line}, option=orjson.OPT_APPEND_NEWLINE))
            except OSError as error:
                self._failure = error


def scraped(
    opener: urllib.request.OpenerDirector, scrape: Scrape, shown: Callable[[str], str] = str
) -> dict[str, Any]:
    """What it says now: its series under their keys as ``shown``, or why there are none. Of those that are
    shown alike the first is kept: mixed they would be nobody's."""
    began_s = time.monotonic()
    found: dict[str, Any]
    try:
        with opener.open(scrape.url, timeout=TIMEOUT_S) as answer:
            text = answer.read(MOST_BYTES).decode("utf-8", "replace")
        every = [(key, value) for key, value in parse(text) if is_wanted(key, scrape.wanted)]
        series: dict[str, float] = {}
        for key, value in every[:MOST_SERIES]:
            series.setdefault(shown(key), value)
        found = {"series": series}
        if len(every) > len(series):
            found["left_out"] = len(every) - len(series)
        if not every:
            found["error"] = "no series that is wanted is in the answer"
    except urllib.error.HTTPError as error:
        found = {"error": f"HTTP {error.code}"}
        error.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None)
        found = {"error": type(reason if isinstance(reason, Exception) else error).__name__}
    return {"took_ms": round(1e3 * (time.monotonic() - began_s), 3), **found}


def _opener(url: str) -> urllib.request.OpenerDirector:
    """A proxy cannot reach our loopback."""
    return urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if is_here(url) else []))
