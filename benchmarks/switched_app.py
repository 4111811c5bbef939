"""The reference app with two switches: for the collector inside it, and for what it exports of itself.

Started by side_cost.py. Both are on at the start, as in a sweep; what is off costs nothing.
"""

from __future__ import annotations

import gc
import sys
from _thread import get_ident
from typing import Any

from target_app.app import app
from target_app.pipeline import NS_PER_MS, Answer, Pipeline
from target_app.upstream import Upstream

_ON = {"collector": True, "exports": True}
_pings: list[Any] = []


def _note_nothing(_: Pipeline, answer: Answer, stage: str, queued_ns: int, running_ns: int) -> None:
    """As `Pipeline._note`, for the answer alone."""
    answer.timings[stage] = {"queued_ms": queued_ns / NS_PER_MS, "running_ms": running_ns / NS_PER_MS}


async def _watch_nothing(_: Upstream, request: Any) -> None:
    pass


_SWITCHED = [  # (function, its code off, its code on); the code, for a client holds the method itself
    (Pipeline._note, _note_nothing.__code__, Pipeline._note.__code__),
    (Upstream._watch_async, _watch_nothing.__code__, Upstream._watch_async.__code__),
]


def _switch_exports(on: bool) -> None:
    for function, *codes in _SWITCHED:
        function.__code__ = codes[on]
    vitals = app.state.metrics.vitals
    (vitals.start if on else vitals.stop)()


def _switch_collector(on: bool) -> None:
    sampler = sys.modules["_chokepoint_inside"]._sampler
    if on:
        ping = _pings.pop()
        gc.callbacks.append(sampler._pauses._told)
        sampler.begins(get_ident(), ping.loop, ping.runs_it)
    else:
        _pings.append(sampler.pings[get_ident()])
        sampler.ends(get_ident())
        sampler._pauses.stop()


@app.post("/switch")
async def switch(wanted: dict[str, bool]) -> None:
    for name, turn in (("collector", _switch_collector), ("exports", _switch_exports)):
        if wanted[name] != _ON[name]:
            _ON[name] = wanted[name]
            turn(wanted[name])
