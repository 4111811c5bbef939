"""Flags of records have one place, and whoever asks for one uses its name."""

import re
from pathlib import Path

from records.cells import flags

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("benchmarks", "loadgen", "locustfiles", "profiler", "records", "reports", "sweep", "workloads")
BARE = re.compile(
    r"""["'][\w-]+["']\ (?:not\ )?in\ [\w.]+(?:flags\b|\[["']flags["']\])"""  # "warmup" in one.flags
    r"""|\bflags(?:\.append\(|\ =\ .*\[)["']"""  # flags.append("warmup"), flags = ["warmup"]
    r"""|["'][\w-]+["'][^{]*\}\ &\ set\([\w.]+flags\)"""  # {"warmup"} & set(one.flags)
    r"""|\bunless=["']""",
    re.VERBOSE,
)


def test_no_flag_is_asked_for_by_its_bare_text() -> None:
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    assert len(files) > 200
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in files
        for line in path.read_text().splitlines()
        if BARE.search(line)
    ]
    # What was cut off in older records is an outcome now.
    assert [one for one in found if '"dropped" in raw["flags"]' not in one] == []


def test_the_page_on_results_lists_them() -> None:
    page = (ROOT / "docs" / "results.md").read_text()
    [row] = [line for line in page.splitlines() if line.startswith("| `flags` |")]
    names = {value for name, value in vars(flags).items() if name.isupper() and not name.endswith("_MS")}
    assert set(re.findall(r"`([\w-]+)`", row)) - {"flags"} == names
