"""``--regions``: links by how they are written, and users for each of them."""

from __future__ import annotations

import pytest

from sweep.planning.regions import parse_regions, regional
from sweep.running.errors import UsageError
from sweep_world import planned

THREE = "us-east-1=5ms,eu-west-1=35ms/10mbit/0.1%,ap=0.15s/cut@4s"


def test_a_link_is_what_was_written() -> None:
    us, eu, ap = parse_regions(THREE)
    assert (us.name, eu.name, ap.name) == ("us-east-1", "eu-west-1", "ap")
    assert us.words(seed="1")[:-2] == ["--delay", "5ms"]
    loss = ["--delay", "35ms", "--bandwidth", "10mbit", "--loss", "0.1%", "--seed"]
    assert eu.words(seed="1")[:-1] == loss
    assert ap.words(seed="1")[:-1] == ["--delay", "0.15s", "--cut-after", "4s", "--seed"]
    assert len({one.words(seed=seed)[-1] for one in (us, eu) for seed in "12"}) == 4


@pytest.mark.parametrize("text", [
    "us", "us=", "=5ms", "us=5", "us=5ms,", "us=5ms/fast", "us=5ms/1%/2%", "us=5ms/0mbit", "us=5ms/100%",
    "us=5ms,us=6ms", "u s=5ms", "us=-5ms", "us=5ms/cut@x", "us=99999999ms",
])  # fmt: skip
def test_what_is_no_region_is_one_clear_line(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--regions"):
        parse_regions(text)


def test_each_region_has_a_user_at_least() -> None:
    auto = regional(planned(regions=THREE, workers=2, levels=(1, 10, 20), auto=True))
    assert (auto.processes, auto.levels) == (6, (6, 10, 20))
    assert min(auto.search_levels()) == 6
    plain = planned(levels=(1, 10, 20), auto=True)
    assert regional(plain) is plain
    with pytest.raises(UsageError, match="--concurrency 2 is too few for 3 regions: 3 users or more"):
        regional(planned(regions=THREE, levels=(2, 9), auto=False))
