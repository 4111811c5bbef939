"""The mock LLM server with its record, and the processes of a distributed load that ask it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from loadgen.engine.options import REGION_VARIABLE
from records.cells.reader import read_cell
from records.cells.request import RequestRecord
from support import OF_THE_MACHINE, ROOT, MockLLM, Process, free_port, lines, wait_until

SLOW_MACHINE = OF_THE_MACHINE | {"buffering"}


class Stage:
    """The mock LLM server with its record, and locust processes that ask it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.reach: tuple[str, ...] = ()
        """Words for the master alone, beside the URL."""
        self.processes: list[Process] = []
        self.links: dict[str, str] = {}
        """Where those of regions listen."""
        self.serve(ttft_ms=40)

    def serve(self, *, ttft_ms: float) -> None:
        """Start the server, afresh if there was one."""
        flags = ("--ttft-ms", str(ttft_ms), "--itl-ms", "5", "--tokens", "12", "--jitter", "0")
        self.server = MockLLM(self.folder / f"server-{ttft_ms:g}.jsonl", *flags)
        self.processes.append(self.server)
        self.url = self.server.url

    def _locust(self, name: str, *arguments: str, **variables: str) -> Process:
        words = ("locust", "-f", str(ROOT / "locustfiles" / "stream.py"), *arguments)
        self.processes.append(Process(self.folder / f"{name}.log", *words, **variables))  # type: ignore[arg-type]
        return self.processes[-1]

    def master(self, results: str, *arguments: str, name: str = "master") -> Process:
        return self._locust(
            name,
            *("--headless", "-H", self.url, *self.reach, "--dialect", "openai"),
            *("-u", "4", "--results", results),
            *("--master-bind-host", "127.0.0.1", "--master-bind-port", str(self.port)),
            *("--master-port", str(self.port), *arguments),
        )

    def behind(self, over: Any) -> None:
        """Have it asked so: over HTTP, or over TLS."""
        self.url, self.reach = over.url(self.url), over.words

    def two(self, *arguments: str, results: str = "r") -> tuple[Process, Process, Process]:
        """A master that waits for two workers, and the two."""
        master = self.master(results, "--master", "--expect-workers", "2", *arguments)
        return master, self.worker("eu"), self.worker("us")

    def link(self, region: str, delay: str) -> Process:
        """Between workers of that region and the server, with this round trip."""
        at = f"127.0.0.1:{free_port()}"
        words = ("mocks.wan", "--listen", at, "--to", self.url.removeprefix("http://"), "--delay", delay)
        process = Process(self.folder / f"link-{region}.log", *words)
        self.processes.append(process)
        wait_until(lambda: "link listening" in process.text)
        self.links[region] = at
        return process

    def worker(self, region: str) -> Process:
        """Its label comes from its environment, but for the one called us. It asks through its region's link,
        if it has one."""
        behind = {"TARGET_CONNECT_TO": self.links[region]} if region in self.links else {}
        arguments = ["--worker", "--master-host", "127.0.0.1", "--master-port", str(self.port)]
        if region == "us":
            return self._locust("worker-us", *arguments, "--region", "us")
        return self._locust(f"worker-{region}", *arguments, **{REGION_VARIABLE: region, **behind})

    def served(self) -> int:
        """Requests the server has answered or seen go away; called when nobody asks any more."""
        self.server.stop()
        return lines(self.server.record)

    def records(self, results: str = "r") -> list[RequestRecord]:
        return list(read_cell(self.folder / results).requests)

    def recorded(self, least: int, results: str = "r") -> None:
        wait_until(lambda: lines(self.folder / results / "requests.jsonl") >= least)

    def both_recorded(self, least: int) -> None:
        """So many records, of both workers."""
        self.recorded(least)
        wait_until(lambda: {r.region for r in self.records()} == {"eu", "us"})

    def failed(self, ended: Process, results: str = "r") -> set[str]:
        """The checks that failed, but for those that a slow machine fails; how it ended agrees with them."""
        verdict = read_cell(self.folder / results).cell.verdict
        assert ended.wait() == (0 if verdict.valid else 3), ended.text
        assert last_line(ended).startswith("valid: " if verdict.valid else "invalid: ")
        return {check.name for check in verdict.failures} - SLOW_MACHINE


def keys(records: Sequence[RequestRecord]) -> set[tuple[str, int, int]]:
    return {(r.worker, r.user, r.seq) for r in records}


def last_line(process: Process) -> str:
    return process.text.rstrip().splitlines()[-1]
