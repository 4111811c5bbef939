"""Links between the load and a target, a process each: what makes a region of some load workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from reach.address import Address
from sweep.beside.ended import Ended
from sweep.beside.reaching import reach_of_plan
from sweep.planning.plan import Plan
from sweep.planning.regions import Region, parse_regions
from sweep.running.cpu_got import got_in
from sweep.running.cpus import LINK_PRIORITY, Cpus
from sweep.running.ledger import Ledger
from sweep.running.processes import Child, free_port
from sweep.running.waiting import wait_begun

VARIABLE = "WORKER_REGIONS"
"""Which regions locust's workers are in, and where they connect: `loadgen.adapter.forked` reads it."""
_START_SECONDS = 20.0
_FINISH_SECONDS = 2.0
_LISTENS = "link listening"


@contextmanager
def linked(
    plan: Plan,
    base_url: str,
    environment: Mapping[str, str],
    *,
    log_of: Callable[[str], Path],
    seed: str,
    ledger: Ledger,
    cpus: Cpus,
    ended: Ended,
) -> Iterator[dict[str, str]]:
    """A link to the target for each region; what locust's environment has more, empty without regions.

    ``log_of``: where the link of a region writes; its last line says what went over it. ``ended``: told of a
    link that ends before the load.

    Raises:
        RuntimeError: a link did not start.
    """
    regions = parse_regions(plan.regions)
    if not regions:
        yield {}
        return
    host, port = Address(base_url, reach_of_plan(plan, environment)).connects_to
    to = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    with ExitStack() as stack:
        links = {}
        for region in regions:
            listens = f"127.0.0.1:{free_port()}"
            argv = ["-m", "mocks.wan", "--listen", listens, "--to", to, *region.words(seed=seed)]
            child = Child(
                argv,
                log=log_of(region.name),
                ledger=ledger,
                cpus=cpus.load,
                realtime=LINK_PRIORITY if cpus.links_realtime else 0,
            )
            stack.callback(child.finish, _FINISH_SECONDS)
            links[region] = (child, listens)
        for region, (child, _) in links.items():
            _wait(region, child)
        each = max(1, plan.workers)
        places = [f"{region.name}={at}" for region, (_, at) in links.items() for _ in range(each)]
        yield {VARIABLE: ",".join(places)}
        for region, (child, _) in links.items():
            ended.helper(f"the link of {region.name}", child)


def _wait(region: Region, child: Child) -> None:
    if wait_begun(child, lambda: child.has_written(_LISTENS), _START_SECONDS):
        return
    if child.exit_code() is not None:
        raise RuntimeError(f"the link of {region.name} ended: {child.complaint()} ({child.log})")
    got = got_in(_START_SECONDS, child.pid)
    raise RuntimeError(f"the link of {region.name} did not start{got} ({child.log})")
