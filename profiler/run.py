"""The sampling loop: waits for the next tick, a signal, or the command's end, whichever is first."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import orjson

from profiler.command import Command
from profiler.sampling.sampler import Sampler
from profiler.schedule import Schedule
from records.files import LineFile, discard


class Stop:
    """Tells of SIGINT, SIGTERM and SIGHUP, and wakes the loop for them and for SIGCHLD."""

    def __init__(self, wake: int) -> None:
        self.signal: int | None = None
        self._wake = wake

    def note(self, number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGCHLD and self.signal is None:
            self.signal = number

    def wait(self, seconds: float) -> None:
        """Until ``seconds`` have passed or a signal has come."""
        if self.signal is None and seconds > 0 and select.select([self._wake], [], [], seconds)[0]:
            with suppress(BlockingIOError):
                os.read(self._wake, 4096)


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """From here on SIGINT, SIGTERM and SIGHUP only ask the loop to end, so that the file is always completed.

    They stay so: a second Ctrl-C must not tear the file that the first one made us write.
    """
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    stop = Stop(reader)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, stop.note)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # which is what nohup asks for
        signal.signal(signal.SIGHUP, stop.note)
    try:
        yield stop
    finally:
        signal.set_wakeup_fd(-1)
        os.close(reader)
        os.close(writer)


def run(
    sampler: Sampler, schedule: Schedule, file: LineFile, stop: Stop, command: Command | None, *, live: bool
) -> None:
    """Sample until the schedule is over, a signal comes, or the command ends. Raises OSError."""
    tick, missed, taken = 1, 0, 0
    while stop.signal is None and not (command and not command.running()):
        now_s = time.monotonic()
        due_s = schedule.end_s if schedule.over(tick) else schedule.due_s(tick)
        if now_s < due_s:
            stop.wait(due_s - now_s)
            continue
        if schedule.over(tick):
            break
        taken += _take(sampler, file, missed, live=live)
        tick, missed = schedule.after(tick, time.monotonic())
    if not taken:  # ended before the first tick: one short sample says more than none
        _take(sampler, file, 0, live=live)
    if live:
        _show("")


def _take(sampler: Sampler, file: LineFile, missed: int, *, live: bool) -> int:
    sample = sampler.sample(missed)
    file.append(orjson.dumps(sample, option=orjson.OPT_APPEND_NEWLINE))
    if live:
        _show(live_line(sample))
    return 1


def _show(line: str) -> None:
    """In place of the line shown before, as far as it fits; a terminal that has gone away is no fault."""
    try:
        # One column less than there are: a line that fills the last one wraps on some terminals. Some say 0.
        columns = os.get_terminal_size(sys.stderr.fileno()).columns or 80
        sys.stderr.write("\r\x1b[K" + line[: columns - 1])
        sys.stderr.flush()
    except OSError:
        discard(sys.stderr)


def live_line(sample: dict[str, Any]) -> str:
    """The sample in one line, what matters most first."""
    system, processes = sample["system"], sample["processes"]
    cpu, used = system["cpu_percent"], system["memory_used_gb"]  # null where the system does not say
    return (
        f"{sample['elapsed_seconds']:6.1f} s  system {'-' if cpu is None else format(cpu, '5.1f')} % "
        f"{'-' if used is None else format(used, '.1f')} GB  {processes['process_count']} processes "
        f"{processes['total_cpu_percent']:.0f} % {processes['total_memory_mb']:.0f} MB "
        f"{processes['total_threads']} threads"
    )
