"""Did the machine keep the load from its work?"""

from __future__ import annotations

from collections.abc import Sequence

from records.cells.cell import Check
from records.cells.other_programs import OtherProgram
from records.evidence.noise import Noise
from workloads.checks.definition import declared
from workloads.checks.facts import Facts

MACHINE_NOISE = "machine-noise"
LITTLE = "little kept the load generator from its CPU"
STEAL_PERCENT = 1.0
GENERATOR_DELAY_PERCENT = 2.0
"""Seen on two quiet CPUs: up to 1.5, from the LLM server beside it. The pressure and the target's waits have
no bound: a target that has all it wants of one CPU makes 90 % of each by itself."""

NOTABLE_CORES = 0.5
"""What other programs took together from which on they may be why the load waited: less kept nobody long."""


def notable(programs: Sequence[OtherProgram]) -> Sequence[OtherProgram]:
    """Those programs, where they may have kept the load from its CPU; nobody where they took little: then it
    was the machine's host, a quota, or programs that were gone when it was looked."""
    return programs if sum(one.cores for one in programs) >= NOTABLE_CORES else ()


def noisy(noise: Noise) -> bool:
    """Did the machine keep the load from its work so much that a figure may be the machine's?"""
    return bool(disturbances(noise))


@declared(MACHINE_NOISE)
def machine_noise(facts: Facts) -> Check:
    """What the machine did, for a reader to weigh. It never fails a cell: what it did to answers is found
    in the answers."""
    noise = facts.noise
    said = disturbances(noise)
    known = (noise.steal_percent, noise.generator_delay_percent)
    if all(value is None for value in known):
        return Check(name=MACHINE_NOISE, status="n/a", text="this system does not tell what it did")
    figure = max(value for value in known if value is not None)
    return Check(
        name=MACHINE_NOISE,
        status="pass",
        figure=figure,
        text=" and ".join(said) or LITTLE,
    )


def disturbances(noise: Noise) -> list[str]:
    """What kept the load from its CPU, in figures."""
    said = []
    if noise.steal_percent is not None and noise.steal_percent >= STEAL_PERCENT:
        said.append(f"the host took {noise.steal_percent:.0f} % of this machine's time")
    if noise.generator_delay_percent is not None and noise.generator_delay_percent >= GENERATOR_DELAY_PERCENT:
        said.append(f"the generator waited {noise.generator_delay_percent:.0f} % of the time for a CPU")
    return said
