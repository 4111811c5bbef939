"""Which records are believed: each request once, and none whose times or counts cannot be.

A request is one of a user of a load process: ``worker``, ``user`` and ``seq`` together, and nothing else,
tell it from the others of its cell. Of several records of one the first that was written counts, whatever it
says: if that cannot be, the request is in no figure.

What is left out is in no figure, whoever reads; how many were is kept beside the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter

from records.cells.cell import Cell, Check
from records.cells.flags import WARMUP
from records.cells.request import RequestRecord

MOMENTS = (
    "headers_at_ns",
    "first_event_at_ns",
    "first_generated_at_ns",
    "first_token_at_ns",
    "last_token_at_ns",
)
"""What happens between sending and the end, if it does, in this order."""
LATEST_NS = 1 << 62
"""The year 2116: what follows can be added to."""
MOST_TOKENS = 10**8
"""Of one answer: ten times what the longest context of a model holds."""
COUNTS = {"events": MOST_TOKENS, "tokens": MOST_TOKENS, "documents": MOST_TOKENS, "bytes": 1 << 50}
"""What is counted in an answer, and how much of it there can be."""
LEEWAY_NS = 3_600_000_000_000
"""An hour: so long past what the load allows a request, nobody's stall explains it."""
UNKNOWN_TIMEOUT_S = 86_400.0
"""A day, of a cell that does not say how long a request could take."""
IMPOSSIBLE_SHARE = 0.05
"""Of a cell's records: with more, a p95 may be of the others alone."""
ROUNDED_RPS = 0.001
"""A cell's own figure has so many decimals."""
POSSIBLE_TIMES = "possible-times"
"""The check's name; what it is about says `workloads.checks.run`."""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """How many records of a cell are in no figure."""

    repeated: int = 0
    """Of a request that has a record before them."""
    impossible: int = 0
    """Whose times or counts cannot be."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Between which moments a cell's requests can be sent (Unix ns), and how long one can take."""

    first_ns: int = 0
    last_ns: int = LATEST_NS
    longest_ns: int

    @classmethod
    def of(cls, cell: Cell) -> Bounds:
        window, timeout_s = cell.window, cell.requested.get("request_timeout_s")
        if not isinstance(timeout_s, int | float) or not 0 < timeout_s < LATEST_NS / 4e9:
            timeout_s = UNKNOWN_TIMEOUT_S
        longest_ns = int(timeout_s * 1e9) + LEEWAY_NS
        if window is None:
            return cls(longest_ns=longest_ns)
        return cls(
            first_ns=window.start_ns - longest_ns, last_ns=window.end_ns + longest_ns, longest_ns=longest_ns
        )


_moments = attrgetter(*MOMENTS)
_counts = attrgetter(*COUNTS)


def is_possible(record: RequestRecord, bounds: Bounds) -> bool:
    """Can it have happened so? It was sent when it was due or later, and while its cell was measured (a
    warm-up may take hours); all else was between that and its end, in the order of `MOMENTS`; the gaps fit
    between the first of them and the last. Nothing was counted that is less than nothing, or more than an
    answer holds. What its service says of its stages is no part of it: of that `workloads.checks.streams`
    judges. The same of columns says `reports.columns.believed`."""
    start, sent, ended = record.start_ns, record.sent_at_ns, record.ended_at_ns
    if not 0 <= start <= sent <= ended <= LATEST_NS or ended - start > bounds.longest_ns:
        return False
    if not bounds.first_ns <= sent <= bounds.last_ns and WARMUP not in record.flags:
        return False
    latest = sent
    for at in _moments(record):
        if at is not None:
            if not latest <= at <= ended:
                return False
            latest = at
    body = record.body_ended_at_ns
    if body is not None and not sent <= body <= sent + bounds.longest_ns:
        return False
    return _counts_fit(record) and _gaps_fit(record)


def _counts_fit(record: RequestRecord) -> bool:
    """Each token that was seen came in a byte at least; a service's own count may be of others."""
    if not all(
        number is None or 0 <= number <= most
        for number, most in zip(_counts(record), COUNTS.values(), strict=True)
    ):
        return False
    return record.token_source != "events" or not record.bytes or record.tokens <= record.bytes


def _gaps_fit(record: RequestRecord) -> bool:
    """None is negative, and together they are no longer than from the first token to the last, or than all of
    a request that does not say when these came; where none is left out, no shorter either. Each may be
    rounded by a microsecond."""
    gaps_us, first, last = record.gaps_us, record.first_token_at_ns, record.last_token_at_ns
    if not len(gaps_us):
        return True
    if first is None or last is None:
        between_ns, whole = record.ended_at_ns - record.sent_at_ns, False
    else:  # each token that was seen has its gap; a service's own count may be of others
        between_ns, whole = (
            last - first,
            record.token_source == "events" and len(gaps_us) == record.tokens - 1,
        )
    more_ns, rounded_ns = 1000.0 * sum(gaps_us) - between_ns, 1000 * len(gaps_us)
    return min(gaps_us) >= 0 and more_ns <= rounded_ns and (not whole or -more_ns <= rounded_ns)


class Sieve:
    """Lets records through that are believed, and counts the others. One a cell. Without ``bounds`` all times
    can be."""

    def __init__(self, bounds: Bounds | None) -> None:
        self._bounds = bounds
        self._seen: set[int] = set()
        self._repeated = self._impossible = 0

    @property
    def left_out(self) -> LeftOut:
        """Until now."""
        return LeftOut(repeated=self._repeated, impossible=self._impossible)

    def __call__(self, records: Iterable[RequestRecord]) -> Iterator[RequestRecord]:
        for record in records:
            # Of a million, hashes take a third of the memory that the names take, and two of them are alike
            # once in 40 million times.
            own = hash((record.worker, record.user, record.seq))
            if own in self._seen:
                self._repeated += 1
                continue
            self._seen.add(own)
            if self._bounds is None or is_possible(record, self._bounds):
                yield record
            else:
                self._impossible += 1


def possible_times(impossible: int, records: int) -> tuple[Check, ...]:
    """A check of a cell with impossible records; ``records``: all, each once. None: there is none."""
    if not impossible:
        return ()
    text = f"the times or counts of {impossible} of {records} requests cannot be, which are in no figure"
    advice = "see which clock, or who else, wrote them into requests.jsonl"
    return (Check.bounded(POSSIBLE_TIMES, impossible / records, IMPOSSIBLE_SHARE, text, advice=advice),)


def all_there(cell: Cell, records: int, counted: int, ended: int, left_out: LeftOut) -> tuple[Check, ...]:
    """Checks of what there is now: those that are believed, of them the measured ones and the good ones that
    ended in the window, and the others. One fails where records were lost, or added, or the window was moved
    since the load's end counted them; one where the times or counts of many cannot be."""
    if not cell.complete:
        return ()
    impossible = left_out.impossible
    times = possible_times(impossible, records + impossible)
    # Not every cell.json has ``records``; which of those left out since then was a measured one is not known.
    requests = None if impossible else cell.achieved.get("requests")
    kinds = (
        ("measured requests", counted, requests),
        ("requests", records + impossible, cell.achieved.get("records")),
    )
    for what, found, wanted in kinds:
        if wanted not in (None, found):
            text = f"requests.jsonl holds {found} {what}, at the load's end there were {wanted}"
            return (Check(name="records", status="fail", figure=found, bound=wanted, text=text), *times)
    if not impossible and (moved := _another_window(cell, ended)):
        return (moved, *times)
    return times


def _another_window(cell: Cell, ended: int) -> Check | None:
    """A failed check where the window's answers a second are others than the cell's own, which were counted
    in it. None of a cell that has no such figure."""
    window, rps = cell.window, cell.achieved.get("rps")
    if window is None or window.seconds <= 0 or not isinstance(rps, int | float):
        return None
    now = ended / window.seconds
    if abs(now - rps) <= ROUNDED_RPS + 1e-9 * now:
        return None
    text = f"in the window of cell.json {now:.3f} answers a second ended, at the load's end it was {rps:.3f}"
    return Check(name="records", status="fail", figure=now, bound=rps, text=text)
