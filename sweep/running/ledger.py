"""What a sweep has started, written down, so that all of it can be ended: by this sweep, or by the next."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
import psutil

from records.files import LineFile, read_lines
from records.offspring import family
from sweep.running.cgroups.choice import remove_known
from sweep.running.in_clusters import Leftover, left_in
from sweep.running.podman import remove_pods

STOP_SECONDS = 10.0
LABEL = "CHOKEPOINT_STARTED_AS"
"""In the environment of all that is started, and of what that starts: whoever has lost its parent, and left
its session, is known by it."""


@dataclass(frozen=True, kw_only=True)
class Started:
    """One process, in a session of its own. A pid alone may have been given to a stranger since."""

    pid: int
    created: float
    """As psutil says it."""
    label: str = ""
    """Of older sweeps none is known."""

    def process(self) -> psutil.Process | None:
        """While it runs."""
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.created) < 1:
                return process
        return None

    def session(self) -> int | None:
        """Its session's number, unless somebody else has it by now."""
        gone = self.process() is None
        return None if gone and psutil.pid_exists(self.pid) else self.pid


class Ledger:
    """The processes of a run, written down as they start, and what it makes in clusters: a sweep that is
    killed can clean up nothing, and the next ``--resume`` ends what is still alive."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def run(self) -> str:
        """The name of the run's folder."""
        return self._path.absolute().parent.name

    def add(self, pid: int, label: str) -> Started:
        created = time.time()
        with contextlib.suppress(psutil.NoSuchProcess):
            created = psutil.Process(pid).create_time()
        started = Started(pid=pid, created=created, label=label)
        self._append(asdict(started))
        return started

    def add_group(self, folders: Collection[Path]) -> None:
        """A control group in which what is started next will be."""
        self._append({"group": list(map(str, folders))})

    def add_pod(self, name: str) -> None:
        """One of podman's, before it is made; what of it is left is removed as groups are."""
        self._append({"pod": name})

    def add_in_cluster(self, left: Leftover) -> None:
        """Written down before it is made: what was not made is not found, and that is no fault."""
        self._append(left.to_json())

    def remove_in_cluster(self, left: Leftover) -> None:
        """Raises KubectlError; then the next ``--resume`` tries again."""
        left.remove()
        self._append(left.to_json(gone=True))

    def _append(self, facts: dict[str, Any]) -> None:
        file = LineFile(self._path)
        file.append(orjson.dumps(facts, option=orjson.OPT_APPEND_NEWLINE))
        file.close()

    def end_survivors(self) -> int:
        """End every process of the ledger that still lives, and all of theirs, and remove what is left of
        control groups and in clusters; how many processes there were. Raises KubectlError where a cluster
        does not do it."""
        if not self._path.exists():
            return 0
        known, groups, pods, lines = [], list[Path](), list[str](), []
        for _, line in read_lines(self._path):
            # What is damaged names no process of ours.
            with contextlib.suppress(ValueError, TypeError, KeyError):
                raw = orjson.loads(line)
                if isinstance(raw, dict) and "group" in raw:
                    groups += map(Path, raw["group"])
                    continue
                if isinstance(raw, dict) and "pod" in raw:
                    pods.append(str(raw["pod"]))
                    continue
                lines.append(raw)
                pid, created, label = int(raw["pid"]), float(raw["created"]), str(raw.get("label", ""))
                if pid > 1:
                    known.append(Started(pid=pid, created=created, label=label))
        found = left(known)
        end(found)
        remove_known(groups)
        remove_pods(pods)
        for one in left_in(lines):
            self.remove_in_cluster(one)
        return len(found)


def left(of: Collection[Started]) -> list[psutil.Process]:
    """Those processes as far as they run, with all below them, and whoever of theirs has lost its parent: it
    is of their session still, or bears their label."""
    oldest = min((started.created for started in of), default=0.0)
    sessions = {one for started in of if (one := started.session()) is not None}
    found = family(sessions, LABEL, {started.label for started in of if started.label})
    # A second less: psutil counts from the machine's start, in hundredths.
    return [process for process in found if process.create_time() > oldest - 1]


def labelled(labels: Collection[str]) -> list[psutil.Process]:
    """The processes that bear one of these labels, and all below them."""
    return family((), LABEL, labels)


def end(processes: Sequence[psutil.Process]) -> None:
    """SIGTERM, then SIGKILL for what has not gone within ten seconds."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=STOP_SECONDS)
    kill(alive)
    psutil.wait_procs(alive, timeout=STOP_SECONDS)


def kill(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
