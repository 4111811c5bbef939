"""Where a load worker stands, and where it connects: from its environment, or that of who forked it."""

from __future__ import annotations

import pytest

from loadgen.adapter import forked
from reach.address import Address
from reach.connect_to import place_of
from reach.failure import ReachError
from reach.options import Reach
from records.errors import UsageError


def test_the_regions_of_forked_workers() -> None:
    assert forked.places("us=127.0.0.1:1,eu=[::1]:2") == [("us", "127.0.0.1:1"), ("eu", "[::1]:2")]
    with pytest.raises(UsageError, match="WORKER_REGIONS takes"):
        forked.places("us,eu=127.0.0.1:2")
    with pytest.raises(UsageError, match="names 1 workers, and --processes 2"):
        forked.settle_in("us=127.0.0.1:1", 2)


def test_a_connection_is_made_elsewhere_and_the_service_keeps_its_name() -> None:
    address = Address("https://rag.example/v1", Reach(connect_to=place_of("[::1]:8101", "--connect-to")))
    assert address.connects_to == ("::1", 8101)
    assert (address.authority, address.server_name) == ("rag.example", "rag.example")
    assert Address("https://rag.example").connects_to == ("rag.example", 443)
    assert place_of("", "--connect-to") is None


@pytest.mark.parametrize("text", ["8101", "host:", "host:0", "host:65536", "http://host:1", "a b:1"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ReachError, match="--connect-to takes HOST:PORT"):
        place_of(text, "--connect-to")
