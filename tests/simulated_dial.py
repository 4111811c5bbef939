"""A closed loop before a stage that serves one at a time and one that all may wait for, with a dial."""

import heapq
import random
from bisect import bisect_right

import numpy as np

from records.evidence.dial import DialWindow, StageRuns
from reports.figures.elasticity import Spans

SECOND = 10**9
PERCENTS = (10, 20, 40)


def windows_of(seconds: float, stages: tuple[str, ...], seed: int, usual: float = 1.5) -> list[DialWindow]:
    """As the app makes them."""
    rng, found, at = random.Random(seed), [], 0
    while at < seconds * SECOND:
        order = [(stage, percent) for stage in stages for percent in PERCENTS]
        rng.shuffle(order)
        for turn in order:
            for stage, percent in (("", 0), turn):
                end = at + round(usual * rng.uniform(0.8, 1.2) * SECOND)
                runs = StageRuns(runs=1, own_ns=100, wanted_ns=percent, made_ns=percent)
                own = {stage: runs} if stage else {}
                found.append(DialWindow(start_ns=at, end_ns=end, stage=stage, percent=percent, stages=own))
                at = end
    return found


def answers(
    windows: list[DialWindow], *, users: int, serve_ms: float, wait_ms: float, seed: int = 0,
    noise: float = 0.1, times: tuple[float, float] = (1.0, 1.0),
) -> tuple[Spans, Spans]:  # fmt: skip
    """Lives of answers, and their waits for the first token. ``times``: what is really slower."""
    rng = random.Random(seed)
    free, ends = 0.0, float(windows[-1].end_ns)
    waiting = [(rng.random() * 1e6, user) for user in range(users)]
    lives, firsts = [], []
    slow = _machine(rng, ends)
    while waiting:
        sent, user = heapq.heappop(waiting)
        if sent >= ends:
            continue
        begins = max(sent, free)
        jitter = slow[min(len(slow) - 1, int(begins / SECOND * 2))] * rng.gammavariate(1 / noise**2, noise**2)
        free = _done(windows, "embed", begins, times[0] * serve_ms * 1e6 * jitter)
        wait = times[1] * wait_ms * 1e6 * rng.gammavariate(1 / noise**2, noise**2)
        first = _done(windows, "llm", free, wait)
        lives.append((sent, first + 1e6, 1.0))
        firsts.append((sent, first, (first - sent) / 1e6))
        heapq.heappush(waiting, (first + 1e6, user))
    return _spans(lives), _spans(firsts)


def _machine(rng: random.Random, ends: float) -> list[float]:
    """Every half a second its speed, which drifts, with a disturbance now and then."""
    level, found = 0.0, []
    for _ in range(int(ends / SECOND * 2) + 1):
        level = 0.9 * level + rng.gauss(0, 0.02)
        found.append(np.exp(level) * (1.5 if rng.random() < 0.03 else 1.0))
    return found


def _done(windows: list[DialWindow], stage: str, began: float, own: float) -> float:
    """When so much work of a stage is done."""
    at = began
    for window in windows[max(0, bisect_right(windows, began, key=lambda one: one.start_ns) - 1) :]:
        slower = 1 + (window.percent / 100 if window.stage == stage else 0)
        if own * slower <= window.end_ns - at:
            break
        own -= (window.end_ns - at) / slower
        at = float(window.end_ns)
    else:
        slower = 1.0
    return at + own * slower


def _spans(found: list[tuple[float, float, float]]) -> Spans:
    began, ended, values = np.asarray(found).T
    return Spans(began=began, ended=ended, values=values)
