"""With which code a load's process ends. Pure."""

from __future__ import annotations

from records.exit_codes import FAULT, INTERRUPTED, INVALID, USAGE

EXIT_CODES = """Exit codes: 0 fine, 1 a fault of ours, or (without --results) failed requests, 2 wrong usage,
or a service that cannot be reached, 3 an invalid load, or a search without a sure answer, 4 an objective
that is missed even at the lowest load (a search), 130 interrupted."""
"""As the README has them."""


def exit_code(
    *, fault: bool, misuse: bool, interrupted: bool, valid: bool | None, answer: int | None
) -> int | None:
    """What weighs most: a ``fault`` of ours, then that it could not be run as asked (``misuse``), that it was
    ``interrupted``, that its records are not ``valid``, at last a search's ``answer``.

    ``valid``: None where no records were kept. ``answer``: the code that the search alone would give, None
    without one. None with neither: then it is a plain load, and the code is locust's own."""
    if fault:
        return FAULT
    if misuse:
        return USAGE
    if valid is None and answer is None:
        return None
    if interrupted:
        return INTERRUPTED
    if valid is False:
        return INVALID
    return answer or 0
