"""``--fix CODE:KEY=VALUE,...``: what mends a finding, by the user's own knowledge, or refused."""

from __future__ import annotations

import re
from collections.abc import Sequence

from records.secrets.secret_names import shown
from sweep.fixes.remedy import Remedies, Remedy
from sweep.planning.plan import Plan
from sweep.planning.target import check_settings
from sweep.planning.variants import NEXT_SETTING, parse_settings
from sweep.running.errors import UsageError
from sweep.running.redaction import check_not_kept

FORM = "CODE:KEY=VALUE,..."
_CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def parse_fixes(values: Sequence[str]) -> Remedies:
    """By the findings' codes; several of one code are tried in their order.

    Raises:
        UsageError: no code, or settings that cannot be some.
    """
    found: dict[str, tuple[Remedy, ...]] = {}
    for value in values:
        code, colon, text = value.partition(":")
        if not colon or not _CODE.fullmatch(code):
            raise UsageError(
                f"--fix takes {FORM}, a finding's code as in event-loop-blocked, not {shown(code)}"
            )
        settings = parse_settings(NEXT_SETTING.split(text), option=f"--fix {code}")
        check_not_kept(settings.values())
        found[code] = (*found.get(code, ()), Remedy(settings=settings))
    return found


def check_fixes(plan: Plan, fixes: Remedies) -> None:
    """See that what is measured takes their settings. Raises UsageError."""
    found = {
        f"--fix {code}{f' ({number})' if number > 1 else ''}": _texts(remedy)
        for code, remedies in fixes.items()
        for number, remedy in enumerate(remedies, start=1)
    }
    check_settings(plan.targets, found)


def _texts(remedy: Remedy) -> dict[str, str]:
    return {name: value for name, value in remedy.settings.items() if isinstance(value, str)}
