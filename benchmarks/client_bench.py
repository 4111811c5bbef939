"""How the parts of `client.py` take turns with generators, and by what they judge their figures."""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from generators import Failed, Generator
from measuring import Run, measure


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
