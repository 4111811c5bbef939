"""Before anything starts: refuse what cannot work, in one line, with exit code 2."""

from __future__ import annotations

from typing import Any

from loadgen import options as opt
from loadgen import target
from records.exit_codes import USAGE

LOCUST_WARNS_ABOVE = 100
"""Users spawned a second."""


def check(options: Any, host: str | None, *, is_worker: bool) -> None:
    """``options`` as locust parsed them; fills in the spawn rate, so that -u and -t alone are enough."""
    try:
        wanted = opt.settings(options)
        origin = opt.origin(host) if options.headless or host else None
        if not is_worker:
            opt.check_files(wanted)
            trouble = target.reachable(origin) if origin and options.headless and wanted.results else None
            if trouble:
                raise opt.UsageError(f"{host} cannot be reached: {trouble}")
    except opt.UsageError as error:
        if is_worker:
            raise SystemExit(USAGE) from None  # the master says it
        opt.refuse(str(error))
    if options.headless and options.num_users is None:
        options.num_users = 1
    if options.spawn_rate is None and options.num_users:
        options.spawn_rate = float(min(options.num_users, LOCUST_WARNS_ABOVE))
