"""The times of the faults that ``serve`` starts, in nanoseconds."""

import itertools

MS = 1_000_000
TTFT_NS = 60 * MS
ITL_NS = 10 * MS
TOKENS = 8
STALL_NS = 400 * MS
CLOCK_NS = MS // 10  # a timer may fire by its clock's resolution before it is due
LATE_NS = 10_000 * MS  # whatever other work the machine has; a time in another unit or clock is far beyond
DIALECTS = ("ask", "openai")


def gaps(times: list[int]) -> list[int]:
    return [after - before for before, after in itertools.pairwise(times)]
