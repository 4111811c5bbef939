"""``profile --inside``: looks into processes beside the samples, in a process of its own; what that saw."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from profiler.terminal import report
from records.evidence.inside import REQUEST, SERVER, TASK, Place, read_inside
from records.exit_codes import INVALID
from records.secrets.lines import blank_lines

_PROJECT = Path(__file__).resolve().parents[1]
_START_S, _END_S, _POLL_S = 60.0, 10.0, 0.05
_MOST = 5
_ERROR = "error: "


@dataclass
class Look:
    """How it went, once it has ended."""

    looked: bool = True
    """False: not one process loaded the collector, so that nothing is known of any."""


@contextmanager
def looking(
    pids: Sequence[int],
    port: int | None,
    output: Path,
    redact: Callable[[str], str],
    never_followed: Callable[[int], None],
) -> Iterator[Look]:
    """Look inside meanwhile; ``never_followed`` is told the process, which ends with this one in any case.
    What ``redact`` blanks of texts is not kept.

    Raises:
        ClickException: not one of them can be looked into.
    """
    words = [word for pid in pids for word in ("--pid", str(pid))]
    words += ["--port", str(port)] if port else []
    argv = [sys.executable, "-m", "profiler.attach", *words, "--output", str(output.resolve())]
    look = Look()
    child = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=_PROJECT,
        env=os.environ,  # the key is in it: what repeats it is blanked
    )
    try:
        never_followed(child.pid)
        for _ in range(int(_START_S / _POLL_S)):
            if output.exists():
                break
            try:
                child.wait(_POLL_S)
            except subprocess.TimeoutExpired:
                continue
            raise click.ClickException(_last(child).removeprefix(_ERROR) or "--inside ended without a word")
        yield look
    finally:
        child.terminate()
        try:
            _, told = child.communicate(timeout=_END_S)
        except subprocess.TimeoutExpired:
            child.kill()
            _, told = child.communicate()
        look.looked = child.returncode != INVALID
        if output.exists():
            blank_lines(
                output.resolve(), redact
            )  # it knows the environment's secrets itself, and not our headers'
        for line in told.splitlines():
            report(line)


def _last(child: subprocess.Popen[str]) -> str:
    lines = child.communicate()[1].strip().splitlines()
    return lines[-1] if lines else ""


def seen_inside(path: Path, look: Look) -> dict[str, Any] | None:
    """{samples, of, seen, waits: [{share, kind, at, where}, ...]}: how many requests (else tasks) were seen
    in all samples, and which share of them was where, the greatest first. No sample: no event loop ran there;
    None: nobody knows, for no process loaded the collector. Raises OSError."""
    samples = read_inside(path) if path.exists() else []
    if not samples and not look.looked:
        return None
    of = REQUEST if any(sample.counts[REQUEST] or sample.counts[SERVER] for sample in samples) else TASK
    places: Counter[Place] = Counter()
    for sample in samples:
        for (whose, place), count in sample.groups.items():
            places[place] += count if whose == of else 0
    seen = sum(sample.counts[of] for sample in samples)
    waits = [
        {"share": round(count / seen, 4), "kind": place.kind, "at": place.at, "where": place.where}
        for place, count in places.most_common(_MOST)
        if count
    ]
    return {"samples": len(samples), "of": f"{of}s", "seen": seen, "waits": waits}


def in_words(seen: dict[str, Any] | None) -> str:
    """Lines for the terminal."""
    if seen is None:
        return "Inside: nothing is known, for no process could be looked into meanwhile.\n"
    if not seen["samples"]:
        return "Inside: no event loop ran there.\n"
    if not seen["waits"]:
        return f"Inside, no {seen['of'][:-1]} was there in {seen['samples']:,} samples.\n"
    lines = [f"Inside, of {seen['seen']:,} {seen['of']} seen in {seen['samples']:,} samples:"]
    for wait in seen["waits"]:
        doing = f"at {wait['at']}" if wait["at"] else wait["kind"]
        lines.append(
            f"  {100 * wait['share']:5.1f} %  {doing}{' in ' if wait['where'] else ''}{wait['where']}"
        )
    return "\n".join(lines) + "\n"
