"""Which services their load holds back, and at which places their requests wait because of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from records.evidence.inside import READY, RUNNING, Place
from reports.analysis.analysis import Analysis
from reports.evidence.excess import Excess
from reports.evidence.kinds import OUTSIDE, SLEEP
from reports.evidence.loaded import LoadedPoint
from reports.evidence.service import Service

LOSS, CLEAR = 0.15, 0.05
"""What has to be lost before a cause is looked for: of the answers a second that there would be if nobody
waited for anybody, which is the share of the requests in flight that waits; or what the TTFT has to grow by.
And how much of that has to lie beyond chance. So much a planted bottleneck has to cost to count, too."""
UNEXPLAINED = 0.25
"""The share of the requests in flight that has to wait before it is said that something holds a service, and
nobody knows what: every service waits a little more under load."""
NORMAL, CORRELATED = 1.96, 2.0
"""Half of a normal distribution's 95 % interval, in standard errors; how many times wider it is taken, for
answers that come one after the other are alike."""
MOST = 0.4
"""The share of those that has to wait at one kind of place for that to be the cause. With less it may be the
next one: as soon as those who wait there are such a loss by themselves."""
FEWEST_SEEN = 5
"""Requests, or threads at work, seen at one kind of place in all samples: fewer are chance."""
BUSY = 0.7
"""The share of the time in which the loop's thread runs something, from which on it is the loop that is
waited for, also by what it has not met."""


ALWAYS = 0.85
"""From which on it is nearly always busy: what has come is met late, and whoever is let in goes on late."""


def held(analysis: Analysis) -> Iterator[Service]:
    """Those whose requests wait because of the load, beyond what the intervals leave open: so that there are
    fewer answers a second, or so that the first token comes later."""
    return (service for service in analysis.services if is_held(service) or is_late(service))


def is_held(service: Service) -> bool:
    """Its throughput is: fewer answers a second than if nobody waited."""
    return _waits(service, LOSS, CLEAR)


def is_much_held(service: Service) -> bool:
    """So much that it says something also where no cause is known; of one load alone nobody knows that."""
    return service.compared and _waits(service, UNEXPLAINED, UNEXPLAINED / 2)


def _waits(service: Service, share: float, clear: float) -> bool:
    """Does that share of its requests wait because of the load, and ``clear`` beyond what is open? In each
    repeat, too: what came upon one alone is another program, and no service's."""
    if service.held < share or any(one.held < clear for one in service.each):
        return False
    return _slower(service, clear) or _fewer(service, clear)


def is_late(service: Service) -> bool:
    """Its first token is late, be it that answers stream for so long that there are hardly fewer of them."""
    few, many = service.light, service.heavy
    if not service.compared or not few.ttft_s or many.ttft_s < (1 + LOSS) * few.ttft_s:
        return False
    if any(one.heavy.ttft_s < (1 + CLEAR) * one.light.ttft_s for one in service.each):
        return False  # as of `_waits`
    unsure = CORRELATED * NORMAL * math.hypot(few.ttft_error, many.ttft_error)
    return many.ttft_s / few.ttft_s * math.exp(-unsure) > 1 + CLEAR


def _slower(service: Service, clear: float) -> bool:
    """By the answers' times, of which even a few tell more than their number a second does."""
    few, many = service.light, service.heavy
    if not service.compared or not few.seconds_each:
        return not service.compared
    unsure = CORRELATED * NORMAL * math.hypot(few.seconds_each_error, many.seconds_each_error)
    return many.seconds_each / few.seconds_each * math.exp(-unsure) > 1 / (1 - clear)


def _fewer(service: Service, clear: float) -> bool:
    """By the answers a second."""
    few, many = service.light.level.figures.throughput, service.heavy.level.figures.throughput
    if not service.compared or few is None or many is None or few.low is None or many.high is None:
        return True
    wanted = service.heavy.in_flight / service.light.in_flight if service.light.in_flight else 0.0
    if min(few.low, few.value, many.value) <= 0:
        return True
    # The two are independent: their logarithms' half-widths add as squares do, and not one to the other.
    unsure = math.hypot(math.log(few.value / few.low), math.log(many.high / many.value))
    return many.value / few.value * math.exp(unsure) < (1 - clear) * wanted


def waiting(service: Service, of: Callable[[Place], bool]) -> tuple[Excess, ...]:
    """The excess at places of one kind, the greatest first; none where it can be chance."""
    found = tuple(one for one in service.excesses if of(one.place))
    inside = service.heavy.inside
    if inside is None:
        return found
    seen, at = requests_of(found), {(one.place.kind, one.place.where) for one in found}
    unsure = _unsure(service, lambda place: (place.kind, place.where) in at)
    return found if seen * inside.samples >= FEWEST_SEEN and seen >= NORMAL * unsure else ()


def _unsure(service: Service, of: Callable[[Place], bool]) -> float:
    """The standard error of how many more are there than would be if nobody waited: of so few samples at both
    loads, in which each request is there or is not (binomial), the light one's times the answers that are
    more."""
    if not service.compared:
        return 0.0
    return math.hypot(_error(service.heavy, of), service.scale * _error(service.light, of))


def _error(load: LoadedPoint, of: Callable[[Place], bool]) -> float:
    if load.inside is None or not load.inside.samples or not load.in_flight:
        return 0.0
    part = min(1.0, sum(count for place, count in load.places.items() if of(place)) / load.in_flight)
    return math.sqrt(load.in_flight * part * (1 - part) / load.inside.samples)


def for_the_loop(place: Place) -> bool:
    """Does whoever is there wait for the event loop? A sleep is over when its time has come, and goes on when
    the loop comes to it; and what the app has not met may be what it did not come to."""
    return place.kind in (READY, RUNNING, OUTSIDE, SLEEP)


def share(found: tuple[Excess, ...]) -> float:
    return sum(one.share for one in found)


def where(found: tuple[Excess, ...]) -> str:
    """The app's line at which most of them wait; empty where it is none of its own."""
    return next((one.place.where for one in found if one.place.where), "")


def counts(service: Service, found: tuple[Excess, ...]) -> bool:
    """Is that the cause, or one behind it: mending it alone would be worth something? Behind a loop that is
    held nobody knows: those who hold what others wait for there wait for the loop themselves."""
    free = service.heavy.loop_held < BUSY
    return share(found) >= MOST or (free and requests_of(found) >= LOSS * service.heavy.in_flight)


def requests_of(found: tuple[Excess, ...]) -> float:
    return sum(one.requests for one in found)
