"""Streaming questions: locust -f locustfiles/stream.py -H http://127.0.0.1:8001

Every user asks one question after another and reads each answer as it streams; with --arrival, questions
are asked when they are due.
`python locustfiles/stream.py` lists the options; locust's own --help shows only locust's.
"""

import sys
from pathlib import Path

try:
    from loadgen.adapter.user import AskingUser
except ModuleNotFoundError:  # a checkout that is not installed: locust puts only this folder on the path
    sys.path.insert(1, str(Path(__file__).resolve().parent.parent))
    from loadgen.adapter.user import AskingUser
from loadgen.tasks.ask.task import ASK


class StreamUser(AskingUser):
    """A person at the service's question box."""

    scenario = ASK


if __name__ == "__main__":
    from loadgen.adapter.user import print_help

    print_help("locustfiles/stream.py")
