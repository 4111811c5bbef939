"""Checks of the measuring itself: did our own processes keep up, and was everything kept?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from records.cells.believed import POSSIBLE_TIMES
from records.cells.cell import Check, Status, Window
from records.cells.flags import LATE
from records.cells.load_worker import LoadWorker
from records.evidence.noise import STARVED_PERCENT
from workloads.checks.advice import advised
from workloads.checks.definition import declared, define
from workloads.checks.facts import Facts
from workloads.checks.generator_advice import MORE_WORKERS, relief


@declared("records", of_the_record=True)
def kept(facts: Facts) -> Check:
    """Was every record written?"""
    if facts.fault is None:
        return Check(name="records", status="pass", text="every record was written")
    text = f"records were lost: {facts.fault.strerror or facts.fault}"
    lost = Check(name="records", status="fail", text=text)
    return advised(lost, "make room, or name another folder (--results)")


_GONE = {"of_the_machine": True, "of_our_own": True, "of_its_end": True}


@declared("workers", **_GONE)
def workers(facts: Facts) -> Check:
    """Was every load worker there all the time?"""
    expected, fewest = facts.workers_expected, facts.workers_fewest
    text = f"at the fewest {fewest} of {expected} load workers were connected"
    status: Status = "pass" if fewest >= expected else "fail"
    check = Check(name="workers", status=status, figure=fewest, bound=expected, text=text)
    return advised(check, "look into the log of the one that was lost, and start them again")


LATE_SHARE = 0.2
STOOD_STILL_SHARE = 0.15


@declared("generator-lag", of_the_machine=True, of_our_own=True, of_the_generator=True)
def generator_lag(facts: Facts) -> Check:
    """Did stalls of a load worker touch too many requests (those flagged late), or take too much of its time?

    One stall decides nothing: what it may have moved is in no latency. But a generator that stands still for
    a good part of the time makes another load than the one that was asked for.
    """
    name, counted, advice = "generator-lag", facts.counted, relief(facts)
    still = [
        (None if one.stood_still_percent is None else one.stood_still_percent / 100, one)
        for one in facts.load_workers
    ]
    longest = max((share for share, _ in still if share is not None), default=0.0)
    if longest > STOOD_STILL_SHARE:
        bound = f"{100 * STOOD_STILL_SHARE:g}"
        text = f"the generator stood still for {100 * longest:.1f} % of the time, more than {bound} %"
        return _of_the_worst(name, still, STOOD_STILL_SHARE, text, advice)
    if not counted and facts.noise.generator_starved:
        waited, text = (facts.noise.generator_delay_percent or 0.0) / 100, "no request came to its end"
        return Check.bounded(name, waited, STARVED_PERCENT / 100, text, advice=advice)
    if not counted:
        return Check(name=name, status="n/a", text="no requests that could have been late")
    late = sum(LATE in r.flags for r in counted)
    return Check.bounded(
        name,
        late / len(counted),
        LATE_SHARE,
        f"a stall of the generator can have moved {late} of {len(counted)} requests, which are in no latency",
        advice=advice,
    )


GENERATOR_CPU_PERCENT = 90.0


@declared("generator-cpu", of_the_machine=True, of_our_own=True, of_the_generator=True)
def generator_cpu(facts: Facts) -> Check:
    """Was a load worker out of CPU?"""
    return _of_the_worst(
        "generator-cpu",
        [(one.cpu_percent, one) for one in facts.load_workers],
        GENERATOR_CPU_PERCENT,
        "the generator's busiest process used {:.0f} % of a core",
        MORE_WORKERS,
    )


def _of_the_worst(
    name: str, figures: Sequence[tuple[float | None, LoadWorker]], bound: float, text: str, advice: str
) -> Check:
    """The highest figure against its bound; of several workers it is said whose it is."""
    known = [(figure, one) for figure, one in figures if figure is not None]
    if not known:
        return Check(name=name, status="n/a", text="no load worker said it of itself")
    figure, worst = max(known, key=lambda pair: pair[0])
    whose = f": {worst}, of {len(figures)} workers" if len(figures) > 1 else ""
    return Check.bounded(name, figure, bound, text.format(figure) + whose, advice=advice)


PROFILER_INTERVAL_RATIO = 1.5
PROFILED_SHARE = 0.9
_NEAR = 3
"""So many intervals from a sample count as seen: a cell is judged before the last sample of it is written."""


@declared("profiler", worth_telling=True, of_the_machine=True, of_our_own=True)
def profiler_interval(facts: Facts) -> Check | None:
    """Did the profiler keep its interval, and was it there all the time?

    The median gap between samples is held against the asked one. A profiler that stopped half-way spoils
    nothing that was measured, but what it saw is not what the machine did: then nothing is said of that.
    """
    requested_s, at_ns = facts.profiler_s, facts.profiled_at_ns
    if requested_s is None:
        return None
    if len(at_ns) < 2:
        return Check(name="profiler", status="n/a", text="the profiler took too few samples to tell")
    gaps_s = sorted((after - before) / 1e9 for before, after in pairwise(at_ns))
    middle = gaps_s[len(gaps_s) // 2]
    check = Check.bounded(
        "profiler",
        middle / requested_s,
        PROFILER_INTERVAL_RATIO,
        f"a sample each {middle:.2f} s, {requested_s:.2f} s asked for",
        advice="the machine was too busy to watch it: leave it to the load",
    )
    seen = _seen(facts.window, at_ns, _NEAR * requested_s) if facts.window else 1.0
    if check.status == "fail" or seen >= PROFILED_SHARE:
        return check
    there = f"the profiler was there for {100 * seen:.0f} % of the measured time"
    text = f"{there}: its figures are not the cell's"
    return Check(name="profiler", status="n/a", figure=round(seen, 4), bound=PROFILED_SHARE, text=text)


def _seen(window: Window, at_ns: Sequence[int], near_s: float) -> float:
    """The share of the window in which a sample was never further away."""
    done, seen = window.start_ns, 0
    for at in sorted(at_ns):
        begin, end = max(done, at - int(near_s * 1e9)), min(window.end_ns, at + int(near_s * 1e9))
        if end > begin:
            seen, done = seen + end - begin, end
    return seen / max(1, window.end_ns - window.start_ns)


define(POSSIBLE_TIMES, of_the_record=True)  # who reads the records makes it, with what it counts
define("port-forward", of_the_machine=True, of_our_own=True)


def port_forward(ends: int) -> Check:
    """A port-forward is ours: what it breaks off is no failure of the service, and is measured again."""
    return Check.bounded("port-forward", ends, 0, f"the port-forward ended {ends} times in the cell's time")


define("asked-again", worth_telling=True)


def asked_again(counted: int | None, sent: int | None) -> Iterator[Check]:
    """Did the app see more requests than the load sent? Nothing where one of the two is not known.

    It spoils no latency, for users have that, too; but the app was asked for more than the load says.
    """
    if counted is not None and sent is not None:
        more, name = counted - sent, "asked-again"
        text = f"the app counted {counted} requests, and the load sent {sent}"
        if more > 0:
            text += ": something between them asks again, as an ingress or a mesh that retries"
            yield Check(name=name, status="n/a", figure=more, bound=0, text=text)
        else:
            yield Check(name=name, status="pass", figure=more, bound=0, text=text)


HELPERS, WATCHERS = "helpers", "watchers"
define(HELPERS, **_GONE)
define(WATCHERS, worth_telling=True)


def helpers(ended: Sequence[str]) -> Iterator[Check]:
    """Processes that the load needs and that are ours, such as a link; none where all were there."""
    if ended:
        yield Check(name=HELPERS, status="fail", figure=len(ended), bound=0, text="; ".join(ended))


def watchers(ended: Sequence[str]) -> Iterator[Check]:
    """Processes that only look on: what was measured is good without them."""
    if ended:
        text = f"{'; '.join(ended)}: what would have been seen from then on is not known"
        yield Check(name=WATCHERS, status="n/a", figure=len(ended), bound=0, text=text)
