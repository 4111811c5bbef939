"""``python -m mocks``: which mock servers there are."""

import sys

from mocks.catalogue import SERVERS


def main() -> int:
    modules = ", ".join(f"python -m {server.module.removesuffix('.__main__')}" for server in SERVERS.values())
    print(f"error: there are several mock servers: {modules}; each has --help", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
