"""A load process that stands back behind others says so."""

import os

import pytest

from loadgen.engine.priority import low_priority


@pytest.mark.parametrize(
    ("policy", "nice", "said"),
    [
        ("SCHED_IDLE", 0, "idle priority"),
        ("SCHED_OTHER", 19, "nice 19"),
        ("SCHED_OTHER", 0, ""),
        ("SCHED_FIFO", 19, ""),
    ],
)
def test_a_low_priority_is_named(monkeypatch: pytest.MonkeyPatch, policy: str, nice: int, said: str) -> None:
    monkeypatch.setattr(os, "sched_getscheduler", lambda pid: getattr(os, policy))
    monkeypatch.setattr(os, "getpriority", lambda which, who: nice)
    assert low_priority() == said
