"""What the threads of a process got of the CPUs, and how long they waited for them (Linux).

`/proc/PID/task/TID/schedstat` has nanoseconds on a CPU and in its queue, `status` the name and how often it
gave the CPU away or lost it (proc(5), Documentation/scheduler/sched-stats). All are sums since it began; of
threads that have ended they stay in the process's, so that two samples can be subtracted. To read a thread
takes 25 us: many are read more seldom, to stay near COST of a core.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from profiler.sampling.reading import text_of

COST = 0.0003
"""Of a core, for the threads of all processes together."""
LONGEST_S = 2.0
"""Between two looks, whatever they cost: a cell is some seconds long."""
MOST_NAMES = 5
_NUMBER = re.compile(r"[-_#: ]*\d+$")
_NS = 1e9


class Use(NamedTuple):
    """Sums since a thread began; None where the kernel does not say."""

    cpu_ns: int = 0
    delay_ns: int | None = 0
    voluntary: int | None = 0
    involuntary: int | None = 0

    def plus(self, other: Use) -> Use:
        return Use(*(_sum(one, more) for one, more in zip(self, other, strict=True)))  # type: ignore[arg-type]

    def since(self, before: Use) -> Use:
        """What came to it; all of it where its number is another thread's now."""
        if self.cpu_ns < before.cpu_ns:
            return self
        pairs = zip(self, before, strict=True)
        return Use(*(None if a is None or b is None else max(0, a - b) for a, b in pairs))  # type: ignore[arg-type]

    def to_json(self) -> dict[str, Any]:
        return {
            "cpu_seconds": round(self.cpu_ns / _NS, 6),
            "run_delay_seconds": None if self.delay_ns is None else round(self.delay_ns / _NS, 6),
            "voluntary_switches": self.voluntary,
            "involuntary_switches": self.involuntary,
        }


class _Thread(NamedTuple):
    spent: str
    """Its `schedstat`: one that says the same as before did not run, and is not read further."""
    name: str
    use: Use


@dataclass(slots=True)
class _Process:
    seen: dict[int, _Thread] = field(default_factory=dict)
    whole: Use = field(default_factory=Use)
    named: dict[str, Use] = field(default_factory=dict)
    """All but the main thread, by their name without its number."""


class Threads:
    """The threads of some processes, each as far as it may be seen."""

    def __init__(self, proc: Path = Path("/proc"), redact: Callable[[str], str] = str) -> None:
        """``redact``: what may be kept of a name; of the kernel it has its first 15 bytes alone, of which the
        end may be the beginning of a secret."""
        self._proc = proc
        self._redact = redact
        self._of: dict[int, _Process] = {}
        self._due_s = float("-inf")

    def look(self, pids: Iterable[int], now_s: float) -> dict[int, dict[str, Any]]:
        """Of each process the sums of all its threads, of the main one, and of those that used most since the
        last look. Those of which nothing is told are left out, and all while it is not time. ``now_s`` is any
        monotonic clock.
        """
        # Forget all others: a number may be given to another process.
        self._of = {pid: self._of.get(pid, _Process()) for pid in pids}
        if now_s < self._due_s:
            return {}
        began_s = time.process_time()
        looked = {pid: told for pid in self._of if (told := self._process(pid)) is not None}
        self._due_s = now_s + min(LONGEST_S, (time.process_time() - began_s) / COST)
        return looked

    def _process(self, pid: int) -> dict[str, Any] | None:
        process = self._of[pid]
        found = dict(self._read(pid, process.seen))
        if pid not in found:
            return None
        recent = _add(process, pid, found)
        busiest = sorted(recent, key=lambda name: (-recent[name], name))[:MOST_NAMES]
        alive = [thread.name for tid, thread in found.items() if tid != pid]
        return {
            **process.whole.to_json(),
            "main": found[pid].use.to_json(),
            "others": [
                {"name": name, "threads": alive.count(name), **process.named[name].to_json()}
                for name in busiest
            ],
        }

    def _read(self, pid: int, seen: Mapping[int, _Thread]) -> Iterable[tuple[int, _Thread]]:
        tasks = f"{self._proc}/{pid}/task"
        try:
            numbers = [int(name) for name in os.listdir(tasks) if name.isdecimal()]
        except OSError:
            return
        for tid in numbers:
            try:
                yield tid, self._thread(f"{tasks}/{tid}", seen.get(tid))
            except (OSError, ValueError, IndexError):
                continue  # it has ended, or is not ours to see

    def _thread(self, folder: str, before: _Thread | None) -> _Thread:
        spent = text_of(f"{folder}/schedstat")
        if before is not None and spent and spent == before.spent:
            return before
        name, use = _read(folder, spent)
        name = self._redact(name)  # before its number goes, which may be the secret's own
        return _Thread(spent, _NUMBER.sub("", name) or name, use)


def _add(process: _Process, pid: int, found: dict[int, _Thread]) -> dict[str, int]:
    """Add what came to each thread since the last look; how much CPU that was, by name."""
    recent: dict[str, int] = {}
    for tid, thread in found.items():
        name, before = thread.name, process.seen.get(tid)
        if tid != pid:
            recent.setdefault(name, 0)
        if thread is before:
            continue
        more = thread.use.since(before.use) if before else thread.use
        process.whole = process.whole.plus(more)
        if tid != pid:
            process.named[name] = process.named.get(name, Use()).plus(more)
            recent[name] += more.cpu_ns
    process.seen = found
    return recent


def _read(folder: str, spent: str) -> tuple[str, Use]:
    """Its name and what it used, of which the kernel says ``spent`` in nanoseconds."""
    status = text_of(f"{folder}/status")
    delay: int | None
    if words := spent.split():
        cpu, delay = int(words[0]), int(words[1])
    else:  # a kernel without CONFIG_SCHED_INFO
        ticks = text_of(f"{folder}/stat").rpartition(")")[2].split()
        cpu = round((int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK") * _NS)
        delay = None
    name = _field(status, "Name")
    return name, Use(
        cpu,
        delay,
        _number(_field(status, "voluntary_ctxt_switches")),
        _number(_field(status, "nonvoluntary_ctxt_switches")),
    )


def _field(status: str, name: str) -> str:
    """Of lines of a name and a value; there are sixty, of which three are wanted."""
    return ("\n" + status).partition(f"\n{name}:")[2].partition("\n")[0].strip()


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def _sum(one: int | None, more: int | None) -> int | None:
    return None if one is None or more is None else one + more
