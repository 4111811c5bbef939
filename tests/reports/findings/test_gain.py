"""What mending would give is no more than the light load shows."""

from typing import Any

import pytest


@pytest.mark.parametrize("waiting", [19.5, 25.0])
def test_without_what_waits_no_answer_is_faster_than_at_the_light_load(
    diagnose: Any, seen: Any, waiting: float
) -> None:
    """Of requests that are seen at a lock some only passed it, and more than there are may be counted."""
    read = {"kind": "socket-read", "at": "read", "where": "answer (mine.py:30)", "count": 1}
    lock = {"kind": "lock", "at": "lock", "where": "retrieve (mine.py:7)", "count": waiting}
    [found] = diagnose(
        seen(users=1, rps=10, waits=(read,), cpu_percent=1),
        seen(users=20, rps=40, waits=(lock,), cpu_percent=4),
    )
    assert found.code == "stage-serialised"
    assert found.effect.mended == pytest.approx(200)  # 20 users, 10 answers a second each
