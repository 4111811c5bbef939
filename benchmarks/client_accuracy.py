"""Parts of `client.py`: how far from the server's own record a generator's figures are."""

from __future__ import annotations

import dataclasses
import statistics

from client_bench import Bench, errors, late_share
from generators import AIOHTTP, AIPERF, GUIDELLM, NAIVE, OURS_RECORDING, WRK, Failed, Generator, Order
from measuring import SETTLE_S, SLACK_S, Run, quantile, spread

STREAM = ["--tokens", "100", "--ttft-ms", "100", "--itl-ms", "10"]
"""100 tokens a second."""
ACCURATE_MS = 1.0
CORE_PERCENT = 75.0
"""The check `generator-cpu` takes no more."""
TLS_COST = 1.5
LATE_SHARE = 0.2
"""More of them, and a cell of ours is invalid."""
BELOW = "< "
SERVER_LATE_MS = 10.0
"""With its events later than one comes after the other the bench's own server has no more to give."""


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
