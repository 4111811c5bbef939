"""When bytes arrive at the far end of a link. Values only: seconds of any one clock, no sockets in here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

SEGMENT_BYTES = 1460
"""What TCP sends, and loses, at once on an Ethernet."""
LEAST_RTO_S = 0.2
"""Linux's floor of a retransmission's timeout, beside the round trip."""
SYN_RTO_S = 1.0
"""Of a handshake, whose round trip nobody knows yet (RFC 6298)."""
MOST_LOSSES = 6
"""Of one segment in a row: then it passes."""
TOGETHER_S = 0.0005
"""Segments that arrive within so long of each other arrive in one piece."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """What a way is like, the same in both directions."""

    round_trip_s: float = 0.0
    bytes_per_s: float = 0.0
    """Each way; 0: no limit."""
    loss: float = 0.0
    """The share of segments that have to be sent again."""
    seed: int = 0

    @property
    def delay_s(self) -> float:
        """Of one way."""
        return self.round_trip_s / 2

    @property
    def rto_s(self) -> float:
        return self.round_trip_s + LEAST_RTO_S

    def random(self, connection: int, direction: str) -> Random:
        """Of one direction of one connection: what it loses does not depend on its neighbours."""
        return Random(f"{self.seed}/{connection}/{direction}")

    def stall_s(self, random: Random, rto_s: float) -> float:
        """How much later than the others one segment comes: each time that it is lost, its sender waits
        twice as long until it sends it again."""
        stall = 0.0
        for _ in range(MOST_LOSSES):
            if not self.loss or random.random() >= self.loss:
                break
            stall += rto_s
            rto_s *= 2
        return stall

    def handshake_s(self, random: Random) -> tuple[float, float]:
        """From its start: when the far end hears of a connection, and when the near end knows of it."""
        there = self.delay_s + self.stall_s(random, SYN_RTO_S)
        return there, there + self.delay_s + self.stall_s(random, SYN_RTO_S)


@dataclass(kw_only=True)
class Line:
    """One direction of a link, which all its connections share: bytes go onto it one after the other."""

    bytes_per_s: float
    free_at_s: float = 0.0

    def sent_s(self, at_s: float, size: int) -> float:
        """When the last of so many bytes is on its way."""
        if not self.bytes_per_s:
            return at_s
        self.free_at_s = max(at_s, self.free_at_s) + size / self.bytes_per_s
        return self.free_at_s


@dataclass(kw_only=True)
class Flow:
    """One direction of one connection: what comes later never arrives earlier."""

    link: Link
    line: Line
    random: Random
    last_s: float = field(default=0.0)
    """When what was sent last arrives."""

    def pieces(self, at_s: float, size: int) -> Iterator[tuple[int, float]]:
        """Bytes that are sent together, in the pieces in which they arrive: (bytes, when)."""
        link = self.link
        step = SEGMENT_BYTES if link.loss or self.line.bytes_per_s else max(1, size)
        held, first_s, due_s = 0, 0.0, 0.0
        for start in range(0, size, step):
            bytes_ = min(step, size - start)
            sent_s = self.line.sent_s(at_s, bytes_)
            arrives_s = sent_s + link.delay_s + link.stall_s(self.random, link.rto_s)
            self.last_s = max(self.last_s, arrives_s)
            if held and self.last_s - first_s > TOGETHER_S:
                yield held, due_s
                held = 0
            if not held:
                first_s = self.last_s
            held, due_s = held + bytes_, self.last_s
        if held:
            yield held, due_s

    def end_s(self, at_s: float) -> float:
        """When the end of the stream arrives, that was said now."""
        return max(self.last_s, at_s + self.link.delay_s)
