"""``--regions``: where users are said to stand, and what the way from there is like. Pure."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from records.options.which import which
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
    found, parts = [], text.split(",")
    for number, one in enumerate(parts, start=1):
        name, _, link = (part.strip() for part in one.partition("="))
        if not _NAME.fullmatch(name):
            raise UsageError(f"--regions takes {FORM}, not {shown(one)}{which(number, parts)}")
        if wrong := _wrong_in(link):
            raise UsageError(f"--regions takes {FORM}: of {name}, {wrong}")
        found.append(Region(name=name, link=link))
    names = [region.name for region in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"--regions: {twice} comes twice")
    if len(found) > MOST:
        raise UsageError(f"--regions names up to {MOST}")
    return tuple(found)


def _wrong_in(link: str) -> str:
    """What is wrong with a link, in words; empty: nothing. Besides its delay each part comes at most once, in
    any order."""
    delay, *more = link.split("/")
    if not _DELAY.fullmatch(delay):
        return f"{delay!r} is no delay"
    for place, part in enumerate(more):
        flag, _ = _option(part)
        if not flag or not float(re.findall(r"[\d.]+", part)[0]):
            return f"{part!r} is no bandwidth, loss or time of a cut"
        if flag in (_option(before)[0] for before in more[:place]):
            return f"{part!r} is the second of its kind"
    return ""


def _option(part: str) -> tuple[str, str]:
    """The option that a part of a link stands for, and its value; empty where it is none."""
    for flag, form in _PARTS:
        if match := form.fullmatch(part):
            return flag, match[1] if flag == "--cut-after" else part
    return "", ""


def _flags(link: str) -> Iterator[str]:
    """The options of a link."""
    delay, *more = link.split("/")
    yield from ("--delay", delay)
    for part in more:
        yield from _option(part)


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
