"""Does a mock of the embeddings change its own stage alone? `baseline` and `mock-embeddings` in turn, as
processes, with the same LLM: what a search takes (queued and running), how much of the time to the first
token no stage explains, and how much of what is nearest HNSW finds. Exit 1 if a bound is missed.

python benchmarks/isolation.py [--json] [--rounds 6] [--seconds 4] [--users 1 10] [--questions 300]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from serving import (
    END_OF_CHUNKS,
    FORMS,
    ROOT,
    ask,
    function_names,
    request_bytes,
    server,
    wait_ready,
)

BOUND_PERCENT, BOUND_MS = 15.0, 0.2
APP = "target_app.app:app"
RECALL_BOUND = 0.95
RECALL_APART = 0.02
UNEXPLAINED_MS = {1: 2.0, 10: 5.0}
FIRST_TOKEN = b'{"type":"token"'
MOCKS = {"baseline": "no", "mock-embeddings": "yes"}


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One answer's times in milliseconds."""

    search: float
    unexplained: float


class _User(asyncio.Protocol):
    """Asks again as soon as an answer is complete."""

    def __init__(self, requests: Iterator[bytes], answers: list[Answered]) -> None:
        self._requests = requests
        self._answers = answers
        self._got = bytearray()
        self._asked_s = self._first_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._ask()

    def _ask(self) -> None:
        self._got.clear()
        self._first_s = 0.0
        self._asked_s = time.perf_counter()
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        now_s = time.perf_counter()
        self._got += data
        if not self._first_s and FIRST_TOKEN in self._got:
            self._first_s = now_s
        if self._got.endswith(END_OF_CHUNKS):
            self._answers.append(self._answer())
            self._ask()

    def _answer(self) -> Answered:
        (line,) = [one for one in self._got.split(b"\n") if one.startswith(b'data: {"type":"complete"')]
        stages = {
            stage: times["queued_ms"] + times["running_ms"]
            for stage, times in json.loads(line.removeprefix(b"data: "))["timings"].items()
        }
        ttft_ms = (self._first_s - self._asked_s) * 1e3
        return Answered(search=stages["search"], unexplained=ttft_ms - sum(stages.values()))


async def _load(port: int, questions: Sequence[str], users: int, seconds: float) -> list[Answered]:
    loop = asyncio.get_running_loop()
    requests, answers = itertools.cycle([request_bytes(one) for one in questions]), list[Answered]()
    opened = [
        (await loop.create_connection(lambda: _User(requests, answers), "127.0.0.1", port))[0]
        for _ in range(users)
    ]
    await asyncio.sleep(seconds)
    for transport in opened:
        transport.abort()
    if not answers:
        raise SystemExit(f"port {port}: not one whole answer came")
    return answers


@contextlib.contextmanager
def llm() -> Iterator[str]:
    """A mock LLM as a server: 100 ms to its first token; its address."""
    command = [sys.executable, "-m", "mocks.openai_server", "--port", "0"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1] + "/v1"
    finally:
        process.terminate()
        process.wait(10)


def searches(arguments: argparse.Namespace, questions: Sequence[str]) -> dict[str, Any]:
    """By number of users: what a search takes in both configurations, and what is left unexplained."""
    import uvloop

    found: dict[int, dict[str, list[Answered]]] = {n: {name: [] for name in MOCKS} for n in arguments.users}
    with llm() as url, contextlib.ExitStack() as running:
        common = {"USE_MOCK_LLM": "no", "OPENAI_BASE_URL": url, "KNOWLEDGE_BASE_DIR": ""}
        ports = {
            name: running.enter_context(server(APP, common | {"USE_MOCK_EMBEDDINGS": mocked}))
            for name, mocked in MOCKS.items()
        }
        for port in ports.values():
            wait_ready(port)
        for number in range(arguments.rounds + 1):
            seconds = arguments.seconds if number else 1.0  # the first round only warms up
            for users, (name, port) in itertools.product(
                arguments.users, list(ports.items())[:: (-1) ** number]
            ):
                with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                    answers = runner.run(_load(port, questions, users, seconds))
                found[users][name] += answers if number else []
    return {str(users): _compared(users, by_name) for users, by_name in found.items()}


def _compared(users: int, answers: dict[str, list[Answered]]) -> dict[str, Any]:
    real_ms, mock_ms = (statistics.median(one.search for one in answers[name]) for name in MOCKS)
    unattributed_ms = statistics.median(one.unexplained for one in answers["mock-embeddings"])
    apart_ms = abs(mock_ms - real_ms)
    same = apart_ms <= max(BOUND_MS, real_ms * BOUND_PERCENT / 100)
    return {
        "answers": {name: len(answers[name]) for name in MOCKS},
        "search_real_ms": round(real_ms, 3),
        "search_mocked_ms": round(mock_ms, 3),
        "apart_ms": round(apart_ms, 3),
        "unexplained_mocked_ms": round(unattributed_ms, 2),
        "unexplained_real_ms": round(statistics.median(one.unexplained for one in answers["baseline"]), 2),
        "unexplained_bound_ms": UNEXPLAINED_MS.get(users),
        "passed": same and unattributed_ms <= UNEXPLAINED_MS.get(users, unattributed_ms),
    }


def recall(mocked: str, questions: Sequence[str]) -> float:
    """Share of the exact index's five that HNSW finds, for real vectors or mocked ones."""
    common = {"USE_MOCK_LLM": "yes", "USE_MOCK_EMBEDDINGS": mocked, "KNOWLEDGE_BASE_DIR": ""}
    found = []
    for index in ("hnsw", "flat"):
        with server(APP, common | {"INDEX": index}) as port:
            wait_ready(port)
            found.append(
                [{one["id"] for one in json.loads(a)["documents"]} for a in ask(port, "/ask", questions)]
            )
    return sum(len(a & b) for a, b in zip(*found, strict=True)) / sum(len(b) for b in found[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--users", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    names = function_names(arguments.questions, arguments.seed)
    questions = [FORMS[number % len(FORMS)].format(name) for number, name in enumerate(names)]
    found = searches(arguments, questions)
    recalls = {name: round(recall(mocked, questions), 3) for name, mocked in MOCKS.items()}
    near = max(recalls.values()) - min(recalls.values()) <= RECALL_APART
    passed = near and min(recalls.values()) >= RECALL_BOUND and all(one["passed"] for one in found.values())
    if arguments.json:
        print(json.dumps({"passed": passed, "users": found, "recall": recalls}, indent=2))
        return 0 if passed else 1
    for users, one in found.items():
        print(
            f"{users} users: a search takes {one['search_real_ms']} ms with real vectors, "
            f"{one['search_mocked_ms']} ms with mocked ones "
            f"(bound {BOUND_PERCENT:.0f} % or {BOUND_MS} ms apart); "
            f"unexplained of the time to the first token {one['unexplained_real_ms']} and "
            f"{one['unexplained_mocked_ms']} ms (bound of the latter {one['unexplained_bound_ms']} ms)"
        )
    print(
        f"HNSW finds {recalls['baseline']} of what flat finds with real vectors, "
        f"{recalls['mock-embeddings']} with mocked ones (bound {RECALL_BOUND}, {RECALL_APART} apart)"
    )
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
