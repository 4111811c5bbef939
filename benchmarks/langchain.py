"""What LangChain's two known bottlenecks cost here, a sweep each, interleaved; under 6 minutes.

retrieval: an async search that falls back to the event loop's default executor, against `RETRIEVAL=async`
(which batches, too) and a pool of our own; real model, LLM mocked. callbacks: `LLM_CLIENT=langchain` without
and with a callback handler, against the OpenAI SDK; embeddings mocked. There is no bound: it shows what is
planted.

python benchmarks/langchain.py [--json] [--repeats 3] [--requests 800] [--cpus auto] [--output DIR]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)  # this file's own folder would pass it off as the package langchain

from records.cells import layout  # noqa: E402
from records.files import read_json  # noqa: E402

LIMIT_S = 600.0
"""Of one sweep; the very first start may have to build the index."""
HANDLER = "langchain_core.callbacks:UsageMetadataCallbackHandler"
"""LangChain's own counter of tokens. It is synchronous, so each token hops to the default executor for it."""
USERS = {"retrieval": 20, "callbacks": 80}
"""So many that the app is the limit, not the LLM's own time."""
SWEEPS = {
    "retrieval": [
        *("--set", "USE_MOCK_LLM=yes", "--reference", "async"),
        *("--config", "async:RETRIEVAL=async"),
        *("--config", "own-pool:RETRIEVAL=threaded"),
        *("--config", "langchain:RETRIEVAL=langchain"),
    ],
    "callbacks": [
        *("--set", "USE_MOCK_EMBEDDINGS=yes", "--reference", "sdk"),
        *("--config", "sdk:LLM_CLIENT=async"),
        *("--config", "langchain:LLM_CLIENT=langchain"),
        *("--config", f"callbacks:LLM_CLIENT=langchain,LANGCHAIN_CALLBACKS={HANDLER}"),
    ],
}


def measure(name: str, arguments: argparse.Namespace, output: Path) -> list[dict[str, Any]]:
    """The comparisons of one sweep. Raises SystemExit where it fails."""
    argv = [sys.executable, "-m", "sweep", *SWEEPS[name], "--name", name, "--output", str(output)]
    argv += ["--concurrency", str(USERS[name]), "--repeats", str(arguments.repeats)]
    argv += ["--cpus", arguments.cpus, "--requests", str(arguments.requests), "--budget", "170s"]
    ran = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S)
    if ran.returncode:
        raise SystemExit(f"the sweep of {name} ended with {ran.returncode}: {ran.stderr[-500:]}")
    [run] = [path for path in output.iterdir() if path.name.endswith(f"-{name}")]
    found: list[dict[str, Any]] = read_json(run / layout.RESULTS)["comparisons"]
    return found


def line(comparison: dict[str, Any], figure: str) -> str:
    """How many times as good, with its interval: more RPS, less TTFT."""
    ratio = comparison[figure]
    if not ratio or ratio.get("value") is None:
        return f"{figure} -"
    return f"{figure} {ratio['value']:.2f} times as good ({ratio['low']:.2f} to {ratio['high']:.2f})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--requests", type=int, default=800)
    parser.add_argument("--cpus", default="auto")
    parser.add_argument("--output", type=Path, help="keep the sweeps' results here; unset: nowhere")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        output = arguments.output or Path(name)
        output.mkdir(parents=True, exist_ok=True)
        found = {sweep: measure(sweep, arguments, output) for sweep in SWEEPS}
    if arguments.json:
        print(json.dumps(found, indent=2))
        return 0
    for sweep, comparisons in found.items():
        for one in comparisons:
            figures = ", ".join(line(one, figure) for figure in ("rps", "ttft"))
            print(f"{sweep}, {USERS[sweep]} users: {one['config']} against {one['reference']}: {figures}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
