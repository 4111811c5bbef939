"""Without what the reference app imports, one line says so before anything starts."""

from importlib.util import find_spec

import pytest

from reach.options import DIRECT
from sweep.deployments import installed
from sweep.deployments.catalogue import kind_of
from sweep.running.errors import UsageError


@pytest.mark.parametrize("spec", ["local", "pod", "local-equal-cpu"])
def test_without_the_app_s_needs_it_is_said_what_to_install_or_give(
    spec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        installed, "find_spec", lambda name: None if name == "prometheus_client" else find_spec(name)
    )
    with pytest.raises(UsageError, match=r"needs prometheus_client, .*make install.*--deployment url:"):
        kind_of(spec).check(DIRECT, {})
