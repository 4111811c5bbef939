"""How many cells are valid, as a sentence without its full stop."""

from __future__ import annotations


def valid_count(good: int, of: int, are: str = "") -> str:
    """``are``: what cells are, in brackets, for who does not know."""
    if of == 1:
        return f"The cell{are} is {'' if good else 'not '}valid"
    if not good:
        return f"{'Neither' if of == 2 else 'None'} of the {of} cells{are} is valid"
    if good == of:
        return f"{'Both' if of == 2 else f'All {of}'} cells{are} are valid"
    return f"{good} of {of} cells{are} {'is' if good == 1 else 'are'} valid"
