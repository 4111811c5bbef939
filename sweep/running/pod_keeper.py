"""Prints what a container of a sweep's pod writes, and removes the pod: when it is told to stop, and when the
sweep is killed, for then the kernel tells it.

``pod_keeper.py PODMAN POD CONTAINER GRACE``; SIGUSR1 says that the container was started, also again.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence

STARTED = signal.SIGUSR1
_END = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
_WAITED_FOR = {*_END, STARTED}
_EARLIER_SECONDS = 1.0
"""Of what was written since it was started: podman dates it, and this process is told a moment later."""


def main(words: Sequence[str]) -> int:
    podman, pod, container, grace = words
    signal.pthread_sigmask(signal.SIG_BLOCK, _WAITED_FOR)  # they wait until they are asked for
    logs: subprocess.Popen[bytes] | None = None
    while signal.sigwait(_WAITED_FOR) == STARTED:
        since = [] if logs is None else ["--since", f"{time.time() - _EARLIER_SECONDS:.3f}"]
        if logs is not None:
            logs.wait()  # it ends with the container
        logs = subprocess.Popen(
            [podman, "logs", "--follow", *since, container], stdin=subprocess.DEVNULL, preexec_fn=_settle_in
        )
    remove = [podman, "pod", "rm", "--force", "--ignore", f"--time={grace}", pod]
    removed = subprocess.run(remove, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if logs is not None:
        logs.wait()
    return removed.returncode


def _settle_in() -> None:
    """In the child, before it is a program: no signal is blocked."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _WAITED_FOR)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
