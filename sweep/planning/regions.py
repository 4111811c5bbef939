"""``--regions``: where users are said to stand, and what the way from there is like. Pure."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from records.secrets.secret_names import shown
from sweep.planning.plan import Plan
from sweep.running.errors import UsageError

FORM = "NAME=DELAY[/BANDWIDTH][/LOSS][/cut@TIME],... such as us-east-1=5ms,eu-west-1=35ms/10mbit/0.1%"
MOST = 16
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}", re.ASCII)
_NUMBER = r"\d{1,9}(\.\d{1,9})?"
_PARTS = (
    ("--bandwidth", re.compile(rf"{_NUMBER}[kmg]bit", re.ASCII)),
    ("--loss", re.compile(r"\d{1,2}(\.\d{1,9})?%", re.ASCII)),
    ("--cut-after", re.compile(r"cut@(\d{1,2}(\.\d{1,9})?s)", re.ASCII)),
)
_DELAY = re.compile(r"\d{1,5}(\.\d{1,9})?ms|\d{1,2}(\.\d{1,9})?s", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Region:
    """A region by its name, and its link as it was written."""

    name: str
    link: str

    def words(self, *, seed: str) -> list[str]:
        """For ``python -m mocks.wan``. What is lost is drawn anew for each ``seed``, and in each region."""
        return [*_flags(self.link), "--seed", str(zlib.crc32(f"{seed}/{self.name}".encode()))]


def parse_regions(text: str) -> tuple[Region, ...]:
    """None where nothing was given. Raises UsageError for what is of no such form, or a name twice."""
    if not text:
        return ()
    found = []
    for one in text.split(","):
        name, _, link = (part.strip() for part in one.partition("="))
        if not _NAME.fullmatch(name) or not _flags(link):
            raise UsageError(f"--regions takes {FORM}, not {shown(one)}")
        found.append(Region(name=name, link=link))
    names = [region.name for region in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"--regions: {twice} comes twice")
    if len(found) > MOST:
        raise UsageError(f"--regions names up to {MOST}")
    return tuple(found)


def _flags(link: str) -> list[str]:
    """The link's options; empty where it is none."""
    delay, *more = link.split("/")
    if not _DELAY.fullmatch(delay):
        return []
    return ["--delay", delay, *rest] if (rest := list(_more(more))) or not more else []


def _more(parts: list[str]) -> Iterator[str]:
    """Each at most once, in any order; nothing where one is none of them."""
    options = {}
    for part in parts:
        flag, match = next(((f, m) for f, form in _PARTS if (m := form.fullmatch(part))), ("", None))
        if match is None or flag in options or not float(re.findall(r"[\d.]+", part)[0]):
            return
        options[flag] = match[1] if flag == "--cut-after" else part
    for flag, value in options.items():
        yield from (flag, value)


def regional(plan: Plan) -> Plan:
    """The plan of such a sweep: each region has a user at least.

    Raises:
        UsageError: that is more than were asked for, or ``--regions`` is no such thing.
    """
    regions = parse_regions(plan.regions)
    if not regions or not plan.levels:
        return plan
    least = plan.processes
    if plan.auto and (plan.max_level is None or plan.max_level >= least):
        return replace(plan, levels=tuple(sorted({max(level, least) for level in plan.levels})))
    if min(plan.levels) < least:
        whose = f"{len(regions)} regions" + (f" of {plan.workers} workers" if plan.workers else "")
        raise UsageError(f"--concurrency {min(plan.levels)} is too few for {whose}: {least} users or more")
    return plan
