"""What a pod uses of what it requests, and what its autoscaler would make of it."""

from types import SimpleNamespace
from typing import Any

import pytest

from reports.evidence.autoscaling import requested


@pytest.mark.parametrize(("request_cores", "share"), [(0.5, 0.8), (0.0, None), (None, None)])
def test_where_nothing_is_requested_there_is_no_share_of_it(
    request_cores: float | None, share: float | None
) -> None:
    cell: Any = SimpleNamespace(
        limits=SimpleNamespace(cpu_request_cores=request_cores, seconds=8.0),
        pods=None,
        machine=SimpleNamespace(cpu_cores=0.4),
    )
    found = requested([cell])
    assert (found and found.share) == share
