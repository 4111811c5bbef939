"""Which requests count, and the rate."""

import dataclasses
import math

import pytest

from records.cell import Window
from records.measure import ended_inside, measured, percentile, rate
from records.request import RequestRecord

WINDOW = Window(start_ns=0, end_ns=2_000_000_000)


def _ends(at_ns: int, outcome: str = "ok") -> RequestRecord:
    return RequestRecord(
        run="r", cell="c", worker="w", region="", user=0, seq=at_ns, sent_at_ns=at_ns - 5, ended_at_ns=at_ns,
        outcome=outcome,  # type: ignore[arg-type]
    )  # fmt: skip


def _sent(at_ns: int, **changes: object) -> RequestRecord:
    return dataclasses.replace(_ends(at_ns + 5), **changes)  # type: ignore[arg-type]


def test_the_rate_is_of_good_answers_that_ended_inside() -> None:
    inside = [_ends(1), _ends(1_000_000_000), _ends(2_000_000_000)]
    requests = [_ends(0), *inside, _ends(2_000_000_001), _ends(9, "timeout")]
    assert ended_inside(requests, WINDOW) == inside
    assert rate(requests, WINDOW) == pytest.approx(1.5)


@pytest.mark.parametrize("window", [None, Window(start_ns=5, end_ns=5), Window(start_ns=5, end_ns=1)])
def test_without_a_window_there_is_no_rate(window: Window | None) -> None:
    assert rate([_ends(5)], window) is None
    assert measured([_ends(5)], None) == []


def test_latency_leaves_warm_up_and_cut_requests_out() -> None:
    kept = _sent(5)
    others = [_sent(6, flags=["warmup"]), _sent(7, outcome="aborted"), _sent(2_000_000_001)]
    assert measured([kept, *others], WINDOW) == [kept]
    assert measured([kept], None) == []


def test_a_percentile_lies_between_two_values_as_numpys_does() -> None:
    values = [float(n) for n in range(1, 202)]
    assert [percentile(reversed(values), share) for share in (0.0, 0.5, 0.95, 0.99)] == [1, 101, 191, 199]
    assert percentile([10.0, 20.0], 0.25) == 12.5
    assert percentile([10.0, math.inf], 0.25) == math.inf
    assert percentile([7.0], 0.99) == 7
    assert percentile([], 0.99) is None
