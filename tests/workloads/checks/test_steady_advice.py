"""What is said of a cell that was not steady names the option, and its value."""

import dataclasses

import pytest

from records.cells.cell import Window
from records.cells.request import RequestRecord
from workloads.checks.facts import Facts
from workloads.checks.steady_advice import queue_grew, unsteady_advice

SECOND = 1_000_000_000
WINDOW = Window(start_ns=4 * SECOND, end_ns=8 * SECOND)


def _answers(seconds: float) -> list[RequestRecord]:
    """One each 0.2 s for 8 seconds, which takes so long; 20 before the window."""
    one = RequestRecord(
        run="r", cell="c", worker="w", region="", user=0, seq=0, sent_at_ns=0, ended_at_ns=0, outcome="ok",
    )  # fmt: skip
    sent = [round(n * 0.2 * SECOND) for n in range(40)]
    return [
        dataclasses.replace(
            one,
            seq=n,
            sent_at_ns=at,
            ended_at_ns=at + round(seconds * SECOND),
            flags=["warmup"] if at < WINDOW.start_ns else [],
        )
        for n, at in enumerate(sent)
    ]


@pytest.mark.parametrize(("seconds", "rate", "advice"), [
    (0.1, 0.0, "--warmup-requests 40"),  # 20 were there
    (1.9, 0.0, "give it more time: -t 30s (sweep: --max-seconds 20)"),  # 4 s, and ten of 1.9
    (0.1, 9.0, "ask at 5 a second or less"),
])  # fmt: skip
def test_more_warm_up_a_longer_window_or_a_lower_rate(seconds: float, rate: float, advice: str) -> None:
    facts = Facts(requests=_answers(seconds), window=WINDOW, users=4, rate=rate)
    assert advice in unsteady_advice(facts)
    assert bool(queue_grew(facts)) == bool(rate)
