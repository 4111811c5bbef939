"""The reference app in a control group of its own with a CPU limit, as a container has one.

`python plants/limited.py PORT`. `LIMIT_CORES`: that limit, in periods of 100 ms; 0 or unset: none.
"""

from __future__ import annotations

import os
import sys

from sweep.running.cgroups.choice import Cgroups
from sweep.running.cgroups.limits import Limits

_APP = ("-m", "uvicorn", "plants.service:app", "--host", "127.0.0.1", "--no-access-log", "--port")


def main(port: str) -> None:
    """Become the app, in a group that bears this process's name and is removed by whoever makes the next."""
    cgroups = Cgroups.here()
    cgroups.remove_left()
    limit = float(os.environ.get("LIMIT_CORES", "0"))
    group = cgroups.make(Limits(cpu_cores=limit or None))
    group.join()
    argv = [*group.words, sys.executable, *_APP, port]
    os.execvp(argv[0], argv)


if __name__ == "__main__":
    main(sys.argv[1])
