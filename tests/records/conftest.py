"""Records as the checks get them."""

import dataclasses
from collections.abc import Callable

import pytest

from records.request import RequestRecord


@pytest.fixture
def record() -> Callable[..., RequestRecord]:
    """A good answer of 10 ms, changed as asked."""
    base = RequestRecord(
        run="r",
        cell="c",
        worker="w",
        region="",
        user=0,
        seq=0,
        sent_at_ns=0,
        ended_at_ns=10_000_000,
        outcome="ok",
        documents=5,
        config="baseline",
        stages={"embed": {"queued_ms": 0.0, "running_ms": 9.0}},
    )

    def changed(**changes: object) -> RequestRecord:
        return dataclasses.replace(base, **changes)  # type: ignore[arg-type]

    return changed


@pytest.fixture
def back_to_back(record: Callable[..., RequestRecord]) -> Callable[[int, int], list[RequestRecord]]:
    """So many answers, each of so many nanoseconds, one after the other."""

    def made(count: int, each_ns: int) -> list[RequestRecord]:
        return [record(seq=n, sent_at_ns=n * each_ns, ended_at_ns=(n + 1) * each_ns) for n in range(count)]

    return made
