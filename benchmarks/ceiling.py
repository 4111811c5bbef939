"""The target with both mocks, over its whole index, against a bare FastAPI app that does nothing but stream
the same events; on one and the same core, in turn. Exit 1 if the target is the slower one.

python benchmarks/ceiling.py [--json] [--rounds 6] [--seconds 3] [--connections 20]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from serving import FORMS, Load, Paired, ask, function_names, pinned, server, wait_ready

BOUND_RATIO = 1.0
SAMPLED_ANSWERS = 21


def typical_events(port: int, questions: list[str]) -> list[dict[str, Any]]:
    """The events of the answer of median length: found documents differ in theirs."""
    answers = sorted(ask(port, "/ask/stream", questions[:SAMPLED_ANSWERS]), key=len)
    frames = answers[len(answers) // 2].decode().removesuffix("\n\n").split("\n\n")
    return [json.loads(frame.removeprefix("data: ")) for frame in frames]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    # One form, thus the same number of tokens in every answer as in the one that the bare app repeats.
    questions = [FORMS[0].format(name) for name in function_names(500, arguments.seed)]
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    server_core, client_core = (cores[0], cores[-1]) if len(cores) > 1 else (None, None)
    mocks = {"USE_MOCK_LLM": "yes", "USE_MOCK_EMBEDDINGS": "yes", "KNOWLEDGE_BASE_DIR": ""}
    target: list[float] = []
    bare: list[float] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        server("target_app.app:app", mocks, core=server_core) as target_port,
    ):
        wait_ready(target_port)
        events = typical_events(target_port, questions)
        file = Path(folder) / "events.json"
        file.write_text(json.dumps(events))
        with (
            server("bare_app:app", {"BARE_EVENTS": str(file)}, core=server_core) as bare_port,
            pinned(client_core),
        ):
            wait_ready(bare_port)
            for number in range(arguments.rounds + 1):
                seconds = arguments.seconds if number else 1.0  # the first round only warms up
                for port, found in ((target_port, target), (bare_port, bare)):
                    rps = Load(port, questions).rps(arguments.connections, seconds)
                    found += [rps] if number else []
    result = Paired(first=target, second=bare).summary()
    passed = result["ratio"] >= BOUND_RATIO
    if arguments.json:
        print(
            json.dumps(
                {"passed": passed, "bound_ratio": BOUND_RATIO, "events": len(events), **result}, indent=2
            )
        )
    else:
        print(
            f"{arguments.connections} connections, {len(events)} events an answer, one core: "
            f"target {result['first_rps']:.0f} RPS, bare {result['second_rps']:.0f} RPS, "
            f"ratio {result['ratio']:.2f} ({result['ratio_low']:.2f} to {result['ratio_high']:.2f}, "
            f"{100 * result['confidence']:.0f} % interval; bound {BOUND_RATIO:.0f})"
        )
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
