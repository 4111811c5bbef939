"""When bytes arrive at the far end of a link, on values."""

from __future__ import annotations

import pytest

from mocks.wan.schedule import Flow, Line, Link


def flow(link: Link, line: Line | None = None, number: int = 1) -> Flow:
    return Flow(
        link=link, line=line or Line(bytes_per_s=link.bytes_per_s), random=link.random(number, "back")
    )


def test_each_way_takes_half_of_the_round_trip_and_bytes_stay_together() -> None:
    one = flow(Link(round_trip_s=0.150))
    assert list(one.pieces(1.0, 60_000)) == [(60_000, pytest.approx(1.075))]
    assert one.end_s(1.001) == pytest.approx(1.076)


def test_a_line_is_shared_by_its_connections() -> None:
    link = Link(bytes_per_s=1460 / 0.010)
    line = Line(bytes_per_s=link.bytes_per_s)
    first, second = flow(link, line), flow(link, line, 2)
    assert list(first.pieces(0.0, 2920)) == [(1460, pytest.approx(0.010)), (1460, pytest.approx(0.020))]
    assert list(second.pieces(0.0, 1460)) == [(1460, pytest.approx(0.030))]
    assert list(second.pieces(5.0, 1460)) == [(1460, pytest.approx(5.010))]  # idle lines save nothing up


def test_fast_lines_make_no_piece_of_each_segment() -> None:
    pieces = list(flow(Link(bytes_per_s=125e6)).pieces(0.0, 65536))
    assert (len(pieces) <= 2, sum(size for size, _ in pieces)) == (True, 65536)


def test_what_is_lost_comes_a_timeout_later_and_all_behind_it_with_it() -> None:
    link = Link(round_trip_s=0.1, loss=0.02, seed=3)
    sent = [number * 0.001 for number in range(200)]

    def arrivals() -> list[float]:
        one = flow(link)
        return [due_s for at_s in sent for _, due_s in one.pieces(at_s, 100)]

    found = arrivals()
    assert found == arrivals() == sorted(found)
    late = [due_s - at_s - 0.05 for at_s, due_s in zip(sent, found, strict=True)]
    lost = next(n for n, seconds in enumerate(late) if seconds > 1e-9)
    assert late[lost] == pytest.approx(0.3)  # the round trip and 200 ms
    assert late[lost + 1] == pytest.approx(0.299)  # it waits behind that


def test_a_segment_lost_twice_waits_twice_as_long_again() -> None:
    link = Link(round_trip_s=0.1, loss=0.999999)
    assert link.stall_s(link.random(1, "there"), 0.3) == pytest.approx(0.3 * (2**6 - 1))
    assert Link(round_trip_s=0.1).handshake_s(link.random(1, "there")) == pytest.approx((0.05, 0.1))
