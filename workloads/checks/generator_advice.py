"""What to do about a load generator that was behind: was it its own work, or what else runs?"""

from __future__ import annotations

from workloads.checks.facts import Apart, Facts
from workloads.checks.machine import disturbances

BUSY_PERCENT = 70.0
"""Of a core: a process of a load that needs no more has CPU to spare, if it gets it."""
MORE_WORKERS = (
    "share the load among more load workers: --processes (sweep: --workers), or workers on other machines"
)
TOO_LITTLE = "so the machine gave it too little CPU"
"""Who took it, a load cannot know: a sweep sees programs that took much, and a report says whether it did."""
OF_DIVISIONS = {
    Apart.OWN: "",
    Apart.SHARED: "leave a CPU to the load alone (as sweep --cpus auto does)",
    Apart.QUOTA: "measure on a machine with more CPUs than the container's limit, so that one is left to the "
    "load (beside such a limit sweep --cpus keeps nothing off a CPU)",
    Apart.ONE_CPU: "measure on a machine with two CPUs or more, so that the load has one alone",
    Apart.TOO_FEW: "measure on Linux with four CPUs or more, or say yourself which the load has alone "
    "(sweep --cpus LOAD:TARGET)",
    Apart.CLUSTER: "see that the load's pods are on another node than the service's (kubectl get pods "
    "-o wide)",
    Apart.NOT_OURS: "run the load on another machine than the service",
}
"""What keeps the load apart from the service; nothing where it is already."""


def relief(facts: Facts) -> str:
    """What gives the generator time: the usual priority where it has a low one, more processes where its own
    are busy, a quieter machine where others kept them waiting, either where it is not known; and a CPU of its
    own where it has none yet, or what comes nearest to that where the service cannot be kept off one."""
    others = " and ".join(disturbances(facts.noise))
    percents = [one.cpu_percent for one in facts.load_workers if one.cpu_percent is not None]
    own = max(percents, default=None)
    used = "" if own is None else f" and used {own:.0f} % of a core itself"
    back = next((one.priority for one in facts.load_workers if one.priority), "")
    if back and (others or own is None or own < BUSY_PERCENT):
        return (
            f"{others + ', and ' if others else ''}it runs at {back}, so whatever else runs goes first: "
            "start it at the usual priority (without chrt or nice)"
        )
    keeps = OF_DIVISIONS[facts.apart]
    apart = f", or {keeps}" if keeps else ""
    if own is not None and own >= BUSY_PERCENT:
        also = f" ({others}, too)" if others else ""
        return f"its own work takes {own:.0f} % of a core, so {MORE_WORKERS}{also}"
    if others:
        return f"{others}{used}, {TOO_LITTLE}: see what else runs on it, and measure again{apart}"
    if own is not None:
        return (
            f"it used only {own:.0f} % of a core, so more workers would not help: see what else runs on the "
            f"machine{apart}"
        )
    return f"leave the machine to the load{apart}, or {MORE_WORKERS}"
