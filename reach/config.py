"""What a service says of itself at ``/config``: asked by loads and by sweeps, never in a measurement."""

from __future__ import annotations

from collections.abc import Mapping

from reach.address import Address
from reach.failure import ReachFailure
from reach.get import get
from records.secrets.redaction import Redaction
from records.services.served import Served


def served(address: Address, headers: Mapping[str, str], redaction: Redaction, seconds: float) -> Served:
    """Its configuration, without secrets; whatever goes wrong, the service is simply one without it.

    Raises:
        ReachFailure: nothing else that is asked there would be answered either.
    """
    for path in address.own("/config"):
        try:
            said = Served.of_answer(*get(address, path, headers, seconds)).redacted(redaction)
        except ReachFailure as failure:
            if failure.final:
                raise
            return Served()
        if said.config is not None:
            return said
    return Served()
