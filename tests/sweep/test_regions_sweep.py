"""A sweep from two regions, of which one is cut off half-way, as a user starts it."""

import json
import sys
from collections import Counter
from pathlib import Path

from records.cells.reader import read_cell
from support import sweep


def test_a_region_that_is_cut_off_fails_alone(tmp_path: Path) -> None:
    service = f"run:{sys.executable} -m mocks.faults healthy --port {{port}} --ttft-ms 20 --itl-ms 2"
    done = sweep(
        *("--deployment", f"it={service}", "--config", "plain", "--concurrency", "2", "--repeats", "1"),
        *("--requests", "10", "--budget", "20s", "--no-probes", "--regions", "near=0ms,far=60ms/cut@2s"),
        *("--", "--request-timeout", "2"),
        cwd=tmp_path,
    )
    assert done.returncode in (0, 3), done.stderr  # 3: too busy a machine for a valid cell
    [folder] = tmp_path.glob("results/*/cells/it/plain/c02-r1")
    data = read_cell(folder)
    assert data.cell.requested["regions"] == {"near": "0ms", "far": "60ms/cut@2s"}
    ended = Counter((r.region, r.outcome) for r in data.requests)
    assert ended["near", "ok"]
    assert ended["far", "timeout"] + ended["far", "aborted"]
    assert {region for region, outcome in ended if outcome != "ok"} == {"far"}
    assert len({(r.worker, r.user, r.seq) for r in data.requests}) == len(data.requests)
    for region in ("near", "far"):
        link = json.loads((folder / f"link-{region}.log").read_text().splitlines()[-1])
        assert link["requests"] == sum(r.region == region for r in data.requests)
        assert link["partitioned"] == (region == "far")
    far = [r for r in data.requests if r.region == "far" and r.first_token_at_ns]
    assert all((r.first_token_at_ns or 0) - r.sent_at_ns >= 80e6 for r in far)
