"""Parts of `client.py`: what driving streams costs a generator."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from client_bench import Bench
from generators import AIOHTTP, AIPERF, GUIDELLM, NAIVE, OURS, OURS_RECORDING, Generator
from measuring import spread

TOKENS = 128


def throughput(bench: Bench) -> bool:
    """No delays, 50 users: how many streams a second until the generator's core is full?"""
    ours = [NAIVE, OURS, OURS_RECORDING]
    return all(  # the peers speak OpenAI's dialect only
        [throughput_in(bench, "ask", ours), throughput_in(bench, "openai", [*ours, GUIDELLM, AIPERF])]
    )


def throughput_in(bench: Bench, dialect: str, generators: Sequence[Generator]) -> bool:
    users = 50
    runs, failures = bench.turns(
        generators, ["--tokens", str(TOKENS)], users=users, dialect=dialect, tail_s=0.0
    )
    print(f"\nThroughput: {users} users, {TOKENS} tokens a stream, no delays, dialect {dialect}")
    print("generator            | streams/s                | times naive Locust    | us CPU a stream")
    good = True
    for name in (one.name for one in generators):
        if name in failures:
            print(f"{name:20} | {failures[name]}")
            continue
        rates = [run.streams_per_s for run in runs[name]]
        ratios = [
            run.streams_per_s / base.streams_per_s
            for run, base in zip(runs[name], runs[NAIVE.name], strict=False)  # one round of the heavy ones
        ]
        cost = [run.cpu_s * 1e6 / max(1, run.streams) for run in runs[name]]
        print(f"{name:20} | {spread(rates, 0):24} | {spread(ratios):21} | {spread(cost, 0)}")
        bound = {OURS.name: 10.0, OURS_RECORDING.name: 9.0}.get(name, 0.0)
        good &= statistics.median(ratios) >= bound
        bench.figures[f"throughput {dialect} {name}"] = {
            "streams_per_s": rates,
            "times_naive": ratios,
            "bound": bound,
        }
    return good


def paced(bench: Bench) -> bool:
    """200 streams with gaps of 10 ms: what does an event cost the generator?"""
    users = 200
    generators = [NAIVE, AIOHTTP, OURS, GUIDELLM, AIPERF]
    server = ["--tokens", str(TOKENS), "--ttft-ms", "50", "--itl-ms", "10"]
    # The server records whole answers: those in flight when measuring ends take 1.3 s more.
    runs, failures = bench.turns(generators, server, users=users, tail_s=2.0)
    print(f"\nPaced: {users} streams, a token each 10 ms")
    print("generator            | us CPU an event          | events/s")
    cost = {name: [run.us_per_event for run in of] for name, of in runs.items()}
    for name in (one.name for one in generators):
        if name in failures:
            print(f"{name:20} | {failures[name]}")
            continue
        events = statistics.median(run.events_per_s for run in runs[name])
        print(f"{name:20} | {spread(cost[name], 1):24} | {events:.0f}")
    good = True
    for peer, bound in ((NAIVE.name, 0.5), (AIOHTTP.name, 0.6), (GUIDELLM.name, None), (AIPERF.name, None)):
        if peer in failures:
            continue
        ratios = [a / b for a, b in zip(cost[OURS.name], cost[peer], strict=False)]
        good &= bound is None or statistics.median(ratios) <= bound
        print(f"chokepoint / {peer}: {spread(ratios)}" + (f", at most {bound} wanted" if bound else ""))
        bench.figures[f"paced chokepoint/{peer}"] = {"ratios": ratios, "bound": bound}
    return good
