"""Which requests count, and the rate."""

import math
from typing import Any

import pytest

from records.cells.cell import Window
from records.cells.measure import ended_inside, measured, percentile, rate
from records.cells.request import RequestRecord

WINDOW = Window(start_ns=0, end_ns=2_000_000_000)


def _ends(at_ns: int, **changes: Any) -> RequestRecord:
    known: dict[str, Any] = {"run": "r", "cell": "c", "worker": "w", "region": "", "user": 0, "outcome": "ok"}
    return RequestRecord(**{**known, "seq": at_ns, "sent_at_ns": at_ns - 5, "ended_at_ns": at_ns, **changes})


def test_the_rate_is_of_good_answers_that_ended_inside() -> None:
    inside = [_ends(1), _ends(1_000_000_000), _ends(2_000_000_000)]
    requests = [_ends(0), *inside, _ends(2_000_000_001), _ends(9, outcome="timeout")]
    assert ended_inside(requests, WINDOW) == inside
    assert rate(requests, WINDOW) == pytest.approx(1.5)


@pytest.mark.parametrize("window", [None, Window(start_ns=5, end_ns=5), Window(start_ns=5, end_ns=1)])
def test_without_a_window_there_is_no_rate(window: Window | None) -> None:
    assert rate([_ends(5)], window) is None
    assert measured([_ends(5)], None) == []


def test_latency_leaves_warm_up_and_aborted_requests_out() -> None:
    kept = _ends(5)
    others = [_ends(6, flags=["warmup"]), _ends(7, outcome="aborted"), _ends(2_000_000_006), _ends(4)]
    assert measured([kept, *others], WINDOW) == [kept]
    assert measured([kept], None) == []


def test_a_percentile_lies_between_the_values_beside_it() -> None:
    values = [float(n) for n in range(1, 202)]
    assert [percentile(reversed(values), share) for share in (0.0, 0.5, 0.99, 1.0)] == [1, 101, 199, 201]
    assert percentile([1.0, 2.0], 0.95) == pytest.approx(1.95)
    assert percentile([*[1.0] * 19, math.inf, math.inf], 0.95) == math.inf
    assert percentile([*[1.0] * 1000, math.inf], 99.9 / 100) == 1.0
    assert percentile([7.0], 0.99) == 7
    assert percentile([], 0.99) is None
