"""One load run in one process: warm-up, the measured window, and an end that loses no request.

Pure: told the time (monotonic ns) and what happened; it tells users whether they may begin.
"""

from __future__ import annotations

from dataclasses import dataclass

MOST_TIMES = 2
"""So many times the requests asked for are the most, however few of them are clean."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What this process is to do before it is warm and before it may stop; 0 requests: no limit."""

    users: int
    warmup_requests: int
    requests: int
    min_seconds: float
    max_seconds: float = 0
    """Of the window, the warm-up left out; 0: no limit."""

    @property
    def warmup_total(self) -> int:
        """Requests that must end before the window begins: one a user at least."""
        return max(self.warmup_requests, self.users)


@dataclass(kw_only=True)
class Session:
    """Counts and moments. ``decides``: this process sees all requests itself (not a worker), so it ends
    its own warm-up and stops by itself; a worker is told both by the master."""

    plan: Plan
    decides: bool = True
    spawned: bool = False
    begun: int = 0
    ended: int = 0
    measured: int = 0
    """Requests sent inside the window that have ended..."""
    clean: int = 0
    """...and that no stall of the load generator can have moved."""
    in_flight: int = 0
    window_start_ns: int | None = None
    began_ns: int | None = None
    """When it was first asked whether time is up."""
    first_idle_ns: int | None = None
    last_end_ns: int | None = None
    stopping: bool = False

    def may_begin(self, now_ns: int) -> bool:
        """False once the run is stopping; the first user told so ends the window."""
        if self.stopping:
            self.idle(now_ns)
            return False
        return True

    def idle(self, now_ns: int) -> None:
        if self.first_idle_ns is None:
            self.first_idle_ns = now_ns

    def begin(self) -> bool:
        """A request is sent. True: the window is open, so it counts."""
        self.begun += 1
        self.in_flight += 1
        return self.window_start_ns is not None

    def end(self, now_ns: int, *, measured: bool, clean: bool, abort: bool) -> None:
        """A request has ended."""
        self.in_flight -= 1
        self.last_end_ns = now_ns
        if abort:
            return
        self.ended += 1
        self.measured += measured
        self.clean += measured and clean
        if self.decides:
            self.decide(now_ns)

    def decide(self, now_ns: int) -> None:
        """End the warm-up, or the run, if it is time."""
        if self.window_start_ns is None:
            if self.spawned and self.ended >= self.plan.warmup_total:
                self.window_start_ns = now_ns
        elif self.enough(now_ns):
            self.stopping = True

    def look(self, now_ns: int) -> None:
        """End the run where its time is over: that of the window, which the warm-up takes nothing of; also of
        a warm-up in which nothing was answered for as long, for it may never end."""
        if self.began_ns is None:
            self.began_ns = now_ns
        began = self.window_start_ns
        if began is None and not self.ended:
            began = self.began_ns
        limit = self.plan.max_seconds
        if limit and began is not None and now_ns - began >= limit * 1e9:
            self.stopping = True

    def enough(self, now_ns: int) -> bool:
        """Have the requests asked for ended, clean ones, and has the least time passed?

        On a machine where hardly one is clean, twice as many end it all the same.
        """
        wanted = self.plan.requests
        if not wanted or self.window_start_ns is None:
            return False
        seconds = (now_ns - self.window_start_ns) / 1e9
        many = self.clean >= wanted or self.measured >= MOST_TIMES * wanted
        return many and seconds >= self.plan.min_seconds

    def window_ns(self) -> tuple[int, int] | None:
        """(start, end) in monotonic ns: end of warm-up to the first idle user, else the last end."""
        end = self.first_idle_ns if self.first_idle_ns is not None else self.last_end_ns
        if self.window_start_ns is None or end is None or end <= self.window_start_ns:
            return None
        return self.window_start_ns, end
