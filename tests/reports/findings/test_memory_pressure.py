"""The machine's want of memory is the service's where that waits for it, or is at a limit of its own."""

from typing import Any

import orjson
import pytest

from records.cells import layout
from reported import analysed
from reports.findings.catalogue import diagnosis


@pytest.mark.parametrize(("rps", "kills", "told"), [
    (200.0, 0, []),  # it scales, and answers as fast as with one user
    (100.0, 0, ["possible"]),
    (200.0, 1, ["shown"]),
])  # fmt: skip
def test_a_machine_that_waits_for_memory(
    seen: Any, loaded: Any, tmp_path: Any, rps: float, kills: int, told: list[str]
) -> None:
    heavy = seen(users=20, rps=rps)
    loaded(seen(users=1, rps=10), heavy)
    [folder] = (tmp_path / "run").rglob("c20-r1")
    lines = [orjson.loads(line) for line in heavy.profile().splitlines()]
    for i, line in enumerate(lines):
        line["system"] |= {"pressure": {"memory": {"some_seconds": 0.25 * i}}}
        line["system"] |= {"cgroup": {"memory_oom_kills": kills * (i > 3)}} if kills else {}
    (folder / layout.SAMPLES).write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    found = diagnosis(analysed(tmp_path / "run"))
    assert [one.confidence for one in found if one.code == "memory-pressure"] == told
