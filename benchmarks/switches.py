"""What `RETRIEVAL=async` gains over `blocking`, LLM mocked, real model: RPS, and the wait for /health.
Exit 1 if a bound is missed.

python benchmarks/switches.py [--json] [--rounds 6] [--seconds 4] [--connections 20] [--torch-threads N]
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from serving import FORMS, Load, Paired, function_names, server, setting, wait_ready

BOUND_RATIO = 2.0
BOUND_ASYNC_MS = 50.0
BLOCKING_MS = (300.0, 450.0)
POLL_S = 0.02
SETTLE_S = 0.6  # the load's connections are all busy by then
WAYS = ("async", "blocking")


def health_ms(port: int, seconds: float) -> list[float]:
    """What each call of `/health` took, one every POLL_S; runs in a process of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    # Before the load: making a connection takes several turns of a blocked loop, one call takes one.
    connection.request("GET", "/health")
    connection.getresponse().read()
    time.sleep(SETTLE_S)
    took = []
    ends_s = time.monotonic() + seconds
    while time.monotonic() < ends_s:
        began_s = time.perf_counter()
        connection.request("GET", "/health")
        connection.getresponse().read()
        spent_s = time.perf_counter() - began_s
        took.append(spent_s * 1e3)
        time.sleep(max(0.0, POLL_S - spent_s))
    connection.close()
    return took


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--torch-threads", type=int, help="TORCH_THREADS of both; unset: torch's own choice")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    names = function_names(1500, arguments.seed)
    questions = [FORMS[number % len(FORMS)].format(name) for number, name in enumerate(names)]
    common = {"USE_MOCK_LLM": "yes", "USE_MOCK_EMBEDDINGS": "no", "KNOWLEDGE_BASE_DIR": ""}
    common["TORCH_THREADS"] = str(arguments.torch_threads or "")
    rps: dict[str, list[float]] = {way: [] for way in WAYS}
    health: dict[str, list[float]] = {way: [] for way in WAYS}
    with (
        server("target_app.app:app", **common, RETRIEVAL="async") as async_port,
        server("target_app.app:app", **common, RETRIEVAL="blocking") as blocking_port,
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as prober,
    ):
        ports = dict(zip(WAYS, (async_port, blocking_port), strict=True))
        for way, port in ports.items():
            wait_ready(port)
            if setting(port, "RETRIEVAL") != way:
                raise SystemExit(f"RETRIEVAL={way} is not in effect")
            Load(port, questions).rps(arguments.connections, 1.0)  # warms up
        prober.submit(int).result()
        for number in range(arguments.rounds):
            start = number * 97 % len(questions)
            turned = questions[start:] + questions[:start]
            for way, port in ports.items():
                polled = prober.submit(health_ms, port, arguments.seconds - 1)
                rps[way].append(Load(port, turned).rps(arguments.connections, arguments.seconds))
                health[way] += polled.result()
    result = Paired(first=rps["async"], second=rps["blocking"]).summary()
    waits = {
        way: {
            "calls": len(took),
            "p50_ms": round(quantile(took, 0.5), 1),
            "p99_ms": round(quantile(took, 0.99), 1),
            "max_ms": round(max(took), 1),
        }
        for way, took in health.items()
    }
    passed = result["ratio"] >= BOUND_RATIO and waits["async"]["p99_ms"] <= BOUND_ASYNC_MS
    if arguments.json:
        bounds = {"ratio": BOUND_RATIO, "async_p99_ms": BOUND_ASYNC_MS, "blocking_ms_expected": BLOCKING_MS}
        print(json.dumps({"passed": passed, "bounds": bounds, **result, "health": waits}, indent=2))
    else:
        print(
            f"{arguments.connections} connections, torch threads {arguments.torch_threads or 'unset'}: "
            f"async {result['first_rps']:.1f} RPS, blocking {result['second_rps']:.1f} RPS, "
            f"ratio {result['ratio']:.2f} ({result['ratio_low']:.2f} to {result['ratio_high']:.2f}, "
            f"{100 * result['confidence']:.0f} % interval; bound {BOUND_RATIO:.0f})"
        )
        for way, wait in waits.items():
            print(
                f"/health, {way}: p50 {wait['p50_ms']} ms, p99 {wait['p99_ms']} ms, max {wait['max_ms']} ms "
                f"of {wait['calls']}"
            )
        print(f"bounds: async p99 {BOUND_ASYNC_MS:.0f} ms; blocking waits 300 to 450 ms as seen elsewhere")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
