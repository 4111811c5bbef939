"""``python -m target_app.check_settings``: would the app take settings? It is asked before it is started.

On standard input stand pairs, in JSON: a name, and settings by theirs. The first of them that it would not
take is one line on standard output, and exit code 2.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping

from pydantic import ValidationError

from target_app.settings import USAGE_EXIT_CODE, Settings, explain, names


def trouble(settings: Mapping[str, str]) -> str | None:
    """Why it would not start with them, beside what the environment says; None: it would."""
    if unknown := sorted(settings.keys() - names()):
        return f"the target has no setting {', '.join(unknown)}"
    before = dict(os.environ)
    os.environ.update(settings)
    try:
        Settings()
    except ValidationError as error:
        return explain(error)
    finally:
        os.environ.clear()
        os.environ.update(before)
    return None


def main() -> int:
    for who, settings in json.loads(sys.stdin.buffer.read()):
        if why := trouble(settings):
            print(f"{who}: {why}", flush=True)
            return USAGE_EXIT_CODE
    return 0


if __name__ == "__main__":
    sys.exit(main())
