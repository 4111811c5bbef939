"""A load in the cluster of its target: a Job a cell, whose records are fetched before it is removed."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from sweep.deployments.clusters.load_job import (
    CELL,
    FILES,
    KEEPER,
    LOAD,
    LOCUSTFILES,
    RESULTS,
    Job,
    load_job,
)
from sweep.deployments.clusters.pods import waits_of
from sweep.running.elsewhere import LoadEnd, LoadOrder
from sweep.running.errors import UsageError
from sweep.running.in_clusters import CLONE_LABEL, LOAD_KINDS, Leftover
from sweep.running.kubectl import Kubectl, KubectlError
from sweep.running.ledger import Ledger
from sweep.running.redaction import blank

POLL_SECONDS = 1.0
START_SECONDS = 300.0
"""For its pod to be scheduled and its image to be pulled."""
_SILENT_SECONDS = 60.0
"""An API server that answers nothing for so long has gone."""
_PLACE = 12
_FETCH_SECONDS, _FETCHES = 300.0, 3
_KILLED, _SIGNALS = -9, 130
"""As of a process that was killed; exit codes above this one are of signals, and this one is Ctrl-C's."""
_END = bytes(1024)
"""Of a tar file: one that lacks it was cut."""


@dataclass(kw_only=True)
class JobLoad:
    """Of one target. ``where``: it is told on which node each load ran."""

    kubectl: Kubectl
    ledger: Ledger
    template: Mapping[str, Any]
    report: Callable[[str], None]
    image: str = ""
    private: Mapping[str, str] = field(default_factory=dict)
    where: Callable[[str], None] = lambda node: None
    files: str = FILES
    results: str = CELL

    @property
    def place(self) -> str:
        """Of the namespace: each pod has a network of its own, and would be a machine of its own."""
        named = f"{self.kubectl.context}/{self.kubectl.namespace}"
        return hashlib.sha256(named.encode()).hexdigest()[:_PLACE]

    def locustfile(self, scenario: str) -> str:
        return f"{LOCUSTFILES}/{scenario}.py"

    def run(self, order: LoadOrder) -> LoadEnd:
        name = f"chokepoint-load-{uuid.uuid4().hex[:8]}"
        left = Leftover(
            context=self.kubectl.context, namespace=self.kubectl.namespace, name=name, kinds=LOAD_KINDS
        )
        job = Job(
            name=name,
            run=self.ledger.run,
            words=order.words,
            files=order.files,
            processes=order.processes,
            seconds=order.seconds,
            image=self.image,
            private=self.private,
        )
        self.ledger.add_in_cluster(left)  # so that whatever ends this, Ctrl-C or a kill, it is removed
        try:
            self.kubectl.create(*load_job(self.template, job), hidden=self.private.values())
            pod = self._started(name)
            end, there = self._ended(pod, order.seconds)
            if there:
                self._keep_log(pod, order.log)
                self._fetch(pod, order.folder)
            return end
        finally:
            self.ledger.remove_in_cluster(left)

    def _started(self, name: str) -> str:
        """The name of its pod, once its load runs or has ended. Raises UsageError."""
        ends = time.monotonic() + START_SECONDS
        for pods in self._looks(f"--selector={CLONE_LABEL}={name}"):
            waits = waits_of(pods)
            if pods and _state(pods[0], LOAD).keys() & {"running", "terminated"}:
                self.where(str((pods[0].get("spec") or {}).get("nodeName") or ""))
                return str(pods[0]["metadata"]["name"])
            if (waits is not None and waits.hopeless) or time.monotonic() > ends:
                why = waits.text if waits else "no pod of it runs" if pods else "no pod of it was made"
                raise UsageError(
                    f"the load in the cluster does not start: {why} (job {name}); load-image=IMAGE names "
                    "another image, and via=forward has the load here"
                )
            self.report(f"waiting for the load's pod: {waits.text if waits else 'it is made'}")
        raise AssertionError("looks do not end")

    def _ended(self, pod: str, seconds: float) -> tuple[LoadEnd, bool]:
        """How its load did, and whether its pod is there to be asked for its records."""
        ends = time.monotonic() + seconds
        for pods in self._looks(f"--field-selector=metadata.name={pod}"):
            if not pods:
                return LoadEnd(code=_KILLED, killed="was lost with its pod, which somebody removed"), False
            status = pods[0].get("status") or {}
            if status.get("phase") == "Failed":  # as of an evicted one, in which nothing runs any more
                why = status.get("reason") or "no word of why"
                return LoadEnd(code=_KILLED, killed=f"was lost with its pod, which failed ({why})"), False
            if ended := _state(pods[0], LOAD).get("terminated"):
                return _end(ended), True
            if time.monotonic() > ends:
                return LoadEnd(code=None), True
        raise AssertionError("looks do not end")

    def _looks(self, which: str) -> Iterator[list[dict[str, Any]]]:
        """At pods, again and again. Raises KubectlError where the API server is silent for a while."""
        answered = time.monotonic()
        while True:
            try:
                pods = self.kubectl.items("pods", which)
            except KubectlError:
                if time.monotonic() > answered + _SILENT_SECONDS:
                    raise
            else:
                answered = time.monotonic()
                yield pods
            time.sleep(POLL_SECONDS)

    def _keep_log(self, pod: str, log: Path) -> None:
        with suppress(KubectlError):  # what it says is of use where it failed, and no figure
            said = self.kubectl.run("logs", pod, f"--container={LOAD}")
            log.write_bytes(blank(said.encode()))

    def _fetch(self, pod: str, folder: Path) -> None:
        """Its records, byte by byte, if it made any. Raises KubectlError, OSError."""
        packed = folder.with_name(f".{folder.name}.tar")
        try:
            for left in reversed(range(_FETCHES)):
                try:
                    words = (
                        "exec",
                        pod,
                        f"--container={KEEPER}",
                        "--",
                        "tar",
                        "-cf",
                        "-",
                        "-C",
                        RESULTS,
                        ".",
                    )
                    self.kubectl.save(*words, to=packed, seconds=_FETCH_SECONDS)
                    unpack(packed, folder, PurePosixPath(CELL).name)
                    return
                except (KubectlError, tarfile.TarError) as error:
                    if not left:
                        raise KubectlError(f"the load's records do not come back: {error}") from None
                    time.sleep(POLL_SECONDS)
        finally:
            packed.unlink(missing_ok=True)


def unpack(packed: Path, folder: Path, name: str) -> None:
    """The files of one folder in a tar file. Nothing else comes out of it: no link, and no other place.

    Raises:
        tarfile.TarError: it was cut.
    """
    with packed.open("rb") as file:
        file.seek(max(0, packed.stat().st_size - len(_END)))
        if file.read() != _END:
            raise tarfile.ReadError("what was fetched lacks its end")
    part = folder.with_name(f".{folder.name}.fetched")
    shutil.rmtree(part, ignore_errors=True)
    with tarfile.open(packed, "r:") as members:
        for one in members:
            path = PurePosixPath(one.name)
            if path.parts[:1] != (name,) or ".." in path.parts or not one.isfile():
                continue
            to = part.joinpath(*path.parts[1:])
            to.parent.mkdir(parents=True, exist_ok=True)
            source = members.extractfile(one)
            assert source is not None  # of a regular file there is one
            with source, to.open("wb") as file:
                shutil.copyfileobj(source, file)
    if part.exists():
        part.rename(folder)


def _end(terminated: Mapping[str, Any]) -> LoadEnd:
    """By the kubelet's word: 128 and the number of the signal, where there was one."""
    code, reason = int(terminated.get("exitCode", 1)), str(terminated.get("reason") or "")
    if reason == "OOMKilled":
        return LoadEnd(code=_KILLED, killed="was killed for its memory")
    return LoadEnd(code=_KILLED, killed=f"was killed ({code})") if code > _SIGNALS else LoadEnd(code=code)


def _state(pod: Mapping[str, Any], container: str) -> Mapping[str, Any]:
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        if status.get("name") == container:
            found: Mapping[str, Any] = status.get("state") or {}
            return found
    return {}
