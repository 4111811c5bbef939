"""Records, and the facts that checks get."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from records.cells.cell import Window
from records.cells.request import RequestRecord
from workloads.checks.facts import Facts


@pytest.fixture
def back_to_back(record: Callable[..., RequestRecord]) -> Callable[[int, int], list[RequestRecord]]:
    """So many answers, each of so many nanoseconds, one after the other."""

    def made(count: int, each_ns: int) -> list[RequestRecord]:
        return [record(seq=n, sent_at_ns=n * each_ns, ended_at_ns=(n + 1) * each_ns) for n in range(count)]

    return made


@pytest.fixture(scope="session")
def facts() -> Callable[..., Facts]:
    """The facts of these requests, in a window that holds them all unless another is given."""

    def made(requests: Sequence[RequestRecord] = (), **changes: Any) -> Facts:
        return Facts(requests=requests, **{"window": Window(start_ns=0, end_ns=10**18), **changes})

    return made
