"""The load generator against its peers, on a core of its own: throughput, CPU an event, accuracy of figures.

Every part starts `benchmarks/stream_server.py` on one core and one generator after the other on another, in
turn, round after round. The server's own record is the truth; a generator's CPU, with that of all its
processes, is what the system says.

guidellm and aiperf are measured where they are installed: in the folder that the environment variable
CHOKEPOINT_PEERS names (the bin of a virtual environment), beside this Python, or on PATH. They take long to
start, so they get one round. Their requirements contradict constraints.txt; give them a place of their own:

    python3 -m venv .venv.peers && .venv.peers/bin/pip install '.[bench]'
    CHOKEPOINT_PEERS=.venv.peers/bin python benchmarks/client.py

Exit 1 if a bound is missed.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import os
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from generators import (
    AIOHTTP,
    AIPERF,
    GUIDELLM,
    NAIVE,
    OURS,
    OURS_RECORDING,
    PEERS,
    WRK,
    Failed,
    Generator,
    Order,
)
from measuring import SETTLE_S, SLACK_S, Run, measure, quantile, spread

TOKENS = 128


class Bench:
    """How long to measure and how often; ``figures`` gathers what was found, for ``--json``."""

    def __init__(self, *, rounds: int, seconds: float) -> None:
        self.rounds, self.seconds = rounds, seconds
        self.figures: dict[str, Any] = {}

    def turns(
        self,
        generators: Sequence[Generator],
        server: Sequence[str],
        *,
        users: int,
        dialect: str = "openai",
        tail_s: float | None = None,
    ) -> tuple[dict[str, list[Run]], dict[str, str]]:
        """Each generator in turn, the order turned round each time, the heavy ones once: their runs, and of
        the peers that could not be measured, why."""
        runs: dict[str, list[Run]] = {}
        failures: dict[str, str] = {}
        for number in range(self.rounds):
            for one in generators if number % 2 == 0 else reversed(generators):
                if one.name in failures or (one.heavy and number):
                    continue
                try:
                    run = self.once(one, server, users=users, dialect=dialect, tail_s=tail_s)
                except Failed as failed:
                    if not one.optional:
                        raise
                    failures[one.name] = str(failed)
                    runs.pop(one.name, None)
                else:
                    runs.setdefault(one.name, []).append(run)
                    if sys.stderr.isatty():
                        print(f"round {number + 1}: {one.name}", file=sys.stderr)
        return runs, failures

    def once(
        self,
        generator: Generator,
        server: Sequence[str],
        *,
        users: int,
        dialect: str = "openai",
        seconds: float | None = None,
        tail_s: float | None = None,
        tls: bool = False,
    ) -> Run:
        """Raises Failed, and tells on stderr what the generator said."""
        try:
            return measure(
                generator,
                server,
                users=users,
                seconds=seconds or self.seconds,
                dialect=dialect,
                tail_s=tail_s,
                tls=tls,
            )
        except Failed as failed:
            if failed.said or not generator.optional:
                print(f"{generator.name} {failed}; it said:\n{failed.said}", file=sys.stderr)
            raise


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


def errors(run: Run) -> tuple[list[float], list[float]]:
    """Client less server, by request: TTFT and every gap, absolute milliseconds. Only streams that began
    after the generator had settled, whose dates it stands by, and questions asked once (a name stands for one
    request); gaps where none was left out."""
    asked = Counter(one["question"] for one in run.truth)
    truth = {
        one["question"]: one
        for one in run.truth
        if one["received_ns"] / 1e9 > run.start_s and asked[one["question"]] == 1
    }
    ttft, gaps = [], []
    for one in run.seen:
        true = truth.get(one["question"])
        if true is None or one.get("late"):
            continue
        sent = true["sent_ns"]
        if len(sent) == len(one.get("gaps_ms", ())) + 1:
            pairs = zip(one["gaps_ms"], itertools.pairwise(sent), strict=True)
            gaps += [abs(gap - (b - a) / 1e6) for gap, (a, b) in pairs]
        ttft.append(abs(one["ttft_ms"] - true["ttft_ms"]))
    return ttft, gaps


def late_share(run: Run) -> float:
    """Of its streams, those whose dates the generator itself does not stand by."""
    return sum(bool(one.get("late")) for one in run.seen) / max(1, len(run.seen))


def accuracy(bench: Bench) -> bool:
    """400 streams of 100 tokens a second: how far from the server's own record are the figures?"""
    users = 400
    generators = [NAIVE, AIOHTTP, OURS_RECORDING, GUIDELLM, AIPERF]
    runs, failures = bench.turns(
        generators, ["--tokens", "100", "--ttft-ms", "100", "--itl-ms", "10"], users=users
    )
    print(f"\nAccuracy: {users} streams of 100 tokens/s; error against the server's record, ms")
    print("generator            | TTFT p50 | TTFT p99 | ITL p99  | streams | late | in flight | rounds")
    good = True
    for name in (one.name for one in generators):
        found = [errors(run) for run in runs.get(name, [])]
        if name in failures or not all(ttft for ttft, _ in found):
            why = failures.get(name, "no stream that began once it had settled came to its end")
            print(f"{name:20} | {why}")
            good &= name != OURS_RECORDING.name
            continue
        figures = [
            (quantile(ttft, 0.5), quantile(ttft, 0.99), quantile(gaps, 0.99), len(ttft))
            for ttft, gaps in found
        ]
        middle = [statistics.median(column) for column in zip(*figures, strict=True)]
        itl = f"{middle[2]:8.2f}" if found[0][1] else "not kept"
        held = statistics.median(run.in_flight for run in runs[name])
        late = statistics.median(late_share(run) for run in runs[name])
        cells = (
            f"{middle[0]:8.2f} | {middle[1]:8.2f} | {itl:8} | {middle[3]:7.0f} | {late:4.0%} | {held:9.0f}"
        )
        cells += f" | {len(figures)}"
        print(f"{name:20} | {cells}")
        bound = [0.3, 1.0, 1.0] if name == OURS_RECORDING.name else None
        bench.figures[f"accuracy {name}"] = {"rounds": figures, "bound": bound}
        good &= bound is None or all(a <= b for a, b in zip(middle, bound, strict=False))
    if GUIDELLM.name in runs:
        print("(guidellm keeps the first and the last token of a stream, no single gaps)")
    return good


STREAM = ["--tokens", "100", "--ttft-ms", "100", "--itl-ms", "10"]
"""100 tokens a second."""
ACCURATE_MS = 1.0
CORE_PERCENT = 75.0
"""The check `generator-cpu` takes no more."""
TLS_COST = 1.5
LATE_SHARE = 0.2
"""More of them, and a cell of ours is invalid."""


def tls(bench: Bench) -> bool:
    """200 streams of 100 tokens a second, plain and over TLS in turn: as accurate, and at what cost?"""
    users = 200
    runs: dict[str, list[Run]] = {"plain": [], "TLS": []}
    for number in range(bench.rounds):
        for way in ("plain", "TLS") if number % 2 == 0 else ("TLS", "plain"):
            runs[way].append(bench.once(OURS_RECORDING, STREAM, users=users, tls=way == "TLS"))
    print(f"\nTLS: {users} streams of 100 tokens/s; error against the server's record")
    print("way   | TTFT p50 ms | TTFT p99 ms           | us CPU an event       | % of a core")
    good = True
    for way, of in runs.items():
        found = [errors(run)[0] for run in of]
        p99 = [quantile(ttft, 0.99) for ttft in found]
        core = [run.core_percent for run in of]
        middle = statistics.median(quantile(ttft, 0.5) for ttft in found)
        cost = spread([run.us_per_event for run in of], 1)
        print(f"{way:5} | {middle:11.2f} | {spread(p99):21} | {cost:21} | {spread(core, 0)}")
        good &= statistics.median(p99) <= ACCURATE_MS and statistics.median(core) <= CORE_PERCENT
        bench.figures[f"tls {way}"] = {"ttft_p99_ms": p99, "core_percent": core}
    ratios = [a.us_per_event / b.us_per_event for a, b in zip(runs["TLS"], runs["plain"], strict=True)]
    print(f"TLS / plain, CPU an event: {spread(ratios)}, at most {TLS_COST} wanted")
    bench.figures["tls cost"] = {"ratios": ratios, "bound": TLS_COST}
    return good and statistics.median(ratios) <= TLS_COST


def most(bench: Bench) -> bool:
    """How many streams of 100 tokens a second can a core carry, dating first tokens within 1 ms (p99)?"""
    print("\nMost: streams of 100 tokens/s on one core with a TTFT error of at most 1 ms (p99)")
    print("generator            | streams | us CPU a stream")
    found: dict[str, int] = {}
    for one, first in ((NAIVE, 4), (AIOHTTP, 4), (OURS_RECORDING, 400)):
        try:
            count, bound, cost = _most(bench, one, first)
        except Failed as failed:
            print(f"{one.name:20} | {failed}")
            if not one.optional:
                raise
            continue
        found[one.name] = count
        print(f"{one.name:20} | {bound}{count:<6} | {f'{cost:.0f}' if cost else '-'}")
        bench.figures[f"most {one.name}"] = {"streams": count, "bound": bound, "us_per_stream": cost}
    try:
        users = max(found.values())
        run = bench.once(WRK, STREAM, users=users, tail_s=2.0)
        cost = run.cpu_s * 1e6 / max(1, run.streams)
        print(f"{WRK.name:20} | {users:7} | {cost:.0f} (it dates nothing: the limit)")
    except Failed as failed:
        print(f"{WRK.name:20} | {failed}")
    for peer in (NAIVE.name, AIOHTTP.name):
        if peer in found:
            more = "more than " if bench.figures[f"most {peer}"]["bound"] == BELOW else ""
            times = found[OURS_RECORDING.name] / found[peer]
            print(f"chokepoint / {peer}: {more}{times:.0f} times as many")
    return True


def _most(bench: Bench, one: Generator, first: int) -> tuple[int, str, float]:
    """(Streams that it carries, ">= " where the server gave in first or "< " where it carries not so many,
    CPU microseconds a stream)."""
    good, bad, cost, bound = 0, 0, 0.0, ""
    users = first
    while not bad or bad > 1.2 * max(1, good):
        run = bench.once(one, STREAM, users=users, seconds=4.0)
        ttft, _ = errors(run)
        if run.server_late_ms(100, 10) > SERVER_LATE_MS:
            bad, bound = users, ">= "
        elif ttft and quantile(ttft, 0.99) <= ACCURATE_MS and late_share(run) <= LATE_SHARE:
            good, cost = users, run.cpu_s * 1e6 / max(1, run.streams)
        else:
            bad, bound = users, ""
        if bad and bad <= 2:
            break
        users = (good + bad) // 2 if bad else users * 2
    return (good, bound, cost) if good else (bad, BELOW, 0.0)


BELOW = "< "
SERVER_LATE_MS = 10.0
"""With its events later than one comes after the other the bench's own server has no more to give."""


def omission(bench: Bench) -> bool:
    """A server that stalls 3 s, closed against open loop, against the truth."""
    rate, seconds = 20.0, 12.0
    server = ["--tokens", "10", "--ttft-ms", "50", "--stall-at-s", "5", "--stall-s", "3"]
    print("\nCoordinated omission: 20 requests a second, a server that stalls 3 s once; TTFT in ms")
    print("loop   | p50  | p95  | p99  | slower than 500 ms")
    figures: dict[str, float] = {}
    for loop, extra in (
        ("closed", ["--think-time", "0.2"]),
        ("open", ["--arrival", "constant", "--rate", str(rate)]),
    ):

        def command(order: Order, extra: list[str] = extra) -> list[str]:
            return [*OURS_RECORDING.command(order), *extra]

        generator = dataclasses.replace(OURS_RECORDING, name=loop, command=command)
        run = bench.once(generator, server, users=5, seconds=seconds - SETTLE_S - SLACK_S)
        ttft = [one["ttft_ms"] for one in run.seen]
        late = sum(t > 500 for t in ttft) / max(1, len(ttft))
        figures[loop] = late
        cells = " | ".join(f"{quantile(ttft, share):4.0f}" for share in (0.5, 0.95, 0.99))
        print(f"{loop:6} | {cells} | {late:.1%}")
        bench.figures[f"omission {loop}"] = {"share_over_500_ms": late}
    true = (3.0 - 0.5) * rate / (rate * seconds)  # those due more than 500 ms before the stall's end
    print(f"true   |                    | {true:.1%}: of requests due evenly, those due in the stall")
    return figures["open"] > 0.7 * true


PARTS: dict[str, Callable[[Bench], bool]] = {
    "throughput": throughput,
    "paced": paced,
    "accuracy": accuracy,
    "tls": tls,
    "most": most,
    "omission": omission,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("parts", nargs="*", default=list(PARTS), metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=6.0, help="measured in each run (default 6)")
    parser.add_argument("--json", action="store_true", help="figures as JSON, on the last line but one")
    wanted = parser.parse_args()
    if unknown := set(wanted.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if wanted.rounds < 1 or wanted.seconds <= 0:
        parser.error("--rounds and --seconds are more than 0")
    if (peers := os.environ.get(PEERS)) and not Path(peers).is_dir():
        parser.error(f"{PEERS}: no folder {peers}")
    bench = Bench(rounds=wanted.rounds, seconds=wanted.seconds)
    try:
        good = True
        for part in wanted.parts:
            good &= PARTS[part](bench)
    except Failed:  # told already
        return 1
    if wanted.json:
        print(json.dumps(bench.figures))
    print("every bound is met" if good else "a bound is missed")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
