"""``python -m target_app``: what starts it."""

import sys

if __name__ == "__main__":
    print("error: a server starts the reference app: uvicorn target_app.app:app --port 8001", file=sys.stderr)
    sys.exit(2)
