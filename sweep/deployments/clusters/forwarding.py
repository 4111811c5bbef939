"""Keeps a port-forward: `python forwarding.py FILE COMMAND...` runs the command again whenever it ends, and
writes a line into FILE for each end. A file by itself, as is `sweep/running/keeper.py`, which keeps it."""

import json
import subprocess
import sys
import time

AGAIN_SECONDS = 0.5


def main(file: str, words: list[str]) -> None:
    """Until it is ended."""
    while True:
        code = subprocess.run(words, stdin=subprocess.DEVNULL, check=False).returncode
        with open(file, "a", encoding="utf-8") as ends:
            ends.write(json.dumps({"at_ns": time.time_ns(), "code": code}) + "\n")
        time.sleep(AGAIN_SECONDS)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
