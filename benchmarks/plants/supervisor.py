"""Somebody else's app under a small supervisor, which asks it whether it lives, as a node of Kubernetes does.

`python plants/supervisor.py PORT`. `LIVENESS_FAILURES` probes of a second that fail in a row, and the app is
killed and started anew; 0 or unset: nobody is killed.
"""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

PATH = "/ready"
TIMEOUT_S = 1.0
PERIOD_S = 0.3
"""Between probes: a cell is short. In a cluster it is 10 s."""
START_S = 30.0
_APP = ("-m", "uvicorn", "plants.foreign:app", "--host", "127.0.0.1", "--no-access-log", "--port")


def lives(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", PATH)
        return connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def started(port: int) -> subprocess.Popen[bytes]:
    """The app, once it answers for the first time, or has had the time for that."""
    app = subprocess.Popen([sys.executable, *_APP, str(port)])
    ends = time.monotonic() + START_S
    while app.poll() is None and time.monotonic() < ends and not lives(port):
        time.sleep(0.05)
    return app


def supervise(port: int, most_failures: int) -> None:
    """Until it is told to end, and the app with it."""
    app = started(port)
    failures = 0
    try:
        while True:
            time.sleep(PERIOD_S)
            failures = 0 if lives(port) else failures + 1
            if app.poll() is not None or (most_failures and failures >= most_failures):
                app.kill()
                app.wait()
                app, failures = started(port), 0
    finally:
        app.kill()
        app.wait()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with suppress(KeyboardInterrupt):
        supervise(int(sys.argv[1]), int(os.environ.get("LIVENESS_FAILURES", "0")))
