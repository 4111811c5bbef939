"""What a machine does not say is null, and never the end of a profile."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NoReturn

import psutil
import pytest

from profiler.memory import EACH_S, SharedMemory
from profiler.sampler import Sampler
from profiler.watch import Watch


@pytest.mark.parametrize(
    "error", [RuntimeError("odd"), NotImplementedError(), FileNotFoundError(), ValueError(), IndexError()]
)
def test_counters_that_fail_are_null(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> NoReturn:
        raise error

    for name in ("disk_io_counters", "net_io_counters", "disk_usage"):
        monkeypatch.setattr(psutil, name, fail)
    monkeypatch.setattr(os, "getloadavg", fail)
    system = Sampler(Watch([os.getpid()]), 0.5).sample(0)["system"]
    null = {name for name, value in system.items() if value is None} - {"cgroup"}
    assert null == {
        *("disk_percent", "disk_read_bytes", "disk_write_bytes"),
        *("network_bytes_sent", "network_bytes_recv", "load_avg"),
    }


def test_a_proportional_set_is_read_seldom(tmp_path: Path) -> None:
    file = tmp_path / "7" / "smaps_rollup"
    file.parent.mkdir()
    file.write_text("55d0-7ffc ---p 00000000 00:00 0 [rollup]\nRss: 900 kB\nPss: 100 kB\nPss_Dirty: 3 kB\n")
    shared = SharedMemory(tmp_path)
    shared.refresh({7, 8}, 0.0)
    assert (shared.bytes_of(7), shared.bytes_of(8)) == (102_400, None)
    file.write_text("Pss: 200 kB\n")
    shared.refresh({7}, EACH_S / 2)
    assert shared.bytes_of(7) == 102_400
    shared.refresh({7}, 3600.0)
    assert shared.bytes_of(7) == 204_800
    shared.refresh(set(), 7200.0)
    assert shared.bytes_of(7) is None
