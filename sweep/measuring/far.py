"""A cell's load on other machines than this one: what is carried there, and how it ended."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweep.beside.reaching import with_files
from sweep.measuring.locust_spec import LoadFiles
from sweep.planning.plan import Plan
from sweep.running.elsewhere import LoadElsewhere, LoadEnd, LoadOrder
from sweep.running.errors import UsageError
from sweep.running.logs import last
from sweep.running.redaction import redaction

MOST_BYTES = 900_000
"""Of all files together: a Secret holds 1 MiB."""
_SPEC = "spec.json"
_WORDS_BYTES = 1 << 14


@dataclass(frozen=True, kw_only=True)
class FarLoad:
    """One that has ended."""

    log: Path
    killed: str

    def complaint(self) -> str:
        lines = last(self.log, 0, _WORDS_BYTES).splitlines() if self.log.exists() else []
        said = [redaction().without_secrets(line.strip()) for line in reversed(lines) if line.strip()]
        errors = (line for line in said if re.search(r"error:", line, re.IGNORECASE))
        return next(errors, said[0] if said else "no word of why")

    def how_ended(self) -> str | None:
        return self.killed or None


def files_there(load: LoadElsewhere, scenario: str, words: Sequence[str]) -> LoadFiles:
    """``words``: what followed ``--``, as `carried` has it."""
    return LoadFiles(load.locustfile(scenario), load.results, f"{load.files}/{_SPEC}", words)


def carried(plan: Plan, spec: Path, folder: str) -> tuple[tuple[str, ...], dict[str, bytes]]:
    """The words after ``--`` with files as they are called in the folder there, and these files with what the
    load is told. Raises UsageError for more than is carried."""
    files = {_SPEC: spec.read_bytes()}

    def there(path: str) -> str:
        name = f"{len(files)}-{re.sub(r'[^A-Za-z0-9._-]', '-', Path(path).name)[-60:]}"
        files[name] = Path(path).read_bytes()
        return f"{folder}/{name}"

    words = with_files(plan.locust_args, plan.scenario, there)
    if (size := sum(map(len, files.values()))) > MOST_BYTES:
        raise UsageError(
            f"the files that follow -- have {size} bytes, and a load in the cluster is given {MOST_BYTES} at "
            "most: say via=forward, or make them shorter"
        )
    return words, files


def run_far(
    load: LoadElsewhere,
    words: Sequence[str],
    files: Mapping[str, bytes],
    *,
    processes: int,
    seconds: float,
    folder: Path,
    log: Path,
) -> tuple[int | None, FarLoad]:
    """Its exit code, and what is left of it. Raises UsageError."""
    order = LoadOrder(words=words, files=files, processes=processes, seconds=seconds, folder=folder, log=log)
    end: LoadEnd = load.run(order)
    return end.code, FarLoad(log=log, killed=end.killed)
