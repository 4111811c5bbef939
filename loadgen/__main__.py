"""``python -m loadgen``: what starts a load."""

import sys

if __name__ == "__main__":
    print("error: plain Locust starts a load: locust -f locustfiles/stream.py --help", file=sys.stderr)
    sys.exit(2)
