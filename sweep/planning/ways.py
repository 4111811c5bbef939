"""By which ways a plan has its load reach targets (``--grid via=service,ingress``), and from where."""

from __future__ import annotations

from records.cells.point import VIA
from sweep.planning.plan import Plan
from sweep.running.errors import UsageError


def ways_of(plan: Plan) -> tuple[str, ...]:
    """In the order in which they were given; none where each target has its own."""
    return tuple(map(str, dict(plan.grid).get(VIA, ())))


def check_ways(plan: Plan) -> None:
    """Raises UsageError for a way that a target has not, and for what goes with a load here alone."""
    for target in plan.targets:
        if missing := [way for way in ways_of(plan) if way not in target.kind.ways]:
            there = f"it has {', '.join(target.kind.ways)}" if target.kind.ways else "it has one alone"
            raise UsageError(
                f"--grid via={','.join(missing)}: that is no way to {target.label}; {there}. (Several "
                "lead to a Deployment of a cluster, for a load that runs there)"
            )
        if plan.regions and target.kind.loads_elsewhere:
            raise UsageError(
                f"--regions puts links between this machine and {target.label}, whose load runs in the "
                "cluster: say via=forward, or load=here where its addresses are reached"
            )
