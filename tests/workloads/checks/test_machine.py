"""What the machine did is said in words, and fails nothing."""

from dataclasses import replace

import pytest

from records.evidence.noise import Noise
from workloads.checks.facts import Facts
from workloads.checks.machine import machine_noise, noisy

_QUIET = Noise(steal_percent=0.0, pressure_percent=0.0, generator_delay_percent=0.0, target_delay_percent=0.0)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (replace(_QUIET, steal_percent=16.0), "the host took 16 % of this machine's time"),
        (replace(_QUIET, generator_delay_percent=4.2), "the generator waited 4 % of the time for a CPU"),
        (
            replace(_QUIET, steal_percent=3.0, generator_delay_percent=2.5),
            "the host took 3 % of this machine's time and the generator waited 2 % of the time for a CPU",
        ),
    ],
)
def test_what_disturbs_is_said_in_words_and_fails_nothing(found: Noise, text: str) -> None:
    check = machine_noise(Facts(noise=found))
    assert noisy(found)
    assert (check.name, check.status, check.text) == ("machine-noise", "pass", text)


@pytest.mark.parametrize("found", [_QUIET, replace(_QUIET, pressure_percent=100.0), Noise(steal_percent=0.2)])
def test_a_quiet_machine_is_called_so(found: Noise) -> None:
    assert not noisy(found)
    assert machine_noise(Facts(noise=found)).text == "little kept the load generator from its CPU"


def test_an_unknown_machine_is_not_called_quiet() -> None:
    assert not noisy(Noise())
    assert machine_noise(Facts()).status == "n/a"
