"""Which running services are looked into."""

import pytest

from records.cells import layout
from records.evidence.expected import expected_files
from sweep.deployments.attached import is_here
from sweep.planning.target import Target
from sweep.planning.target_options import with_attached
from sweep.running.errors import UsageError

URL, OTHER, APP = (
    Target.of(text) for text in ("url:http://127.0.0.1:1", "b=url:http://127.0.0.1:2", "run:app")
)


def test_it_is_for_what_runs_already_and_its_cells_are_to_have_what_was_seen() -> None:
    found = with_attached([URL, APP], "4,5", inside=True)
    assert [one.attach for one in found] == ["4,5", ""]
    plan = {
        "inside": True,
        "targets": [{"label": one.label, "spec": one.spec, "attach": one.attach} for one in found],
    }
    assert expected_files(plan, URL.label) == (layout.INSIDE,)
    assert with_attached([URL], None, inside=False) == (URL,)


@pytest.mark.parametrize(("targets", "given", "inside", "why"), [
    ([APP], "auto", True, "there is none"),
    ([URL], "auto", False, "--no-inside"),
    ([URL], "me", True, "numbers of processes"),
    ([URL], "", True, "numbers of processes"),
    ([URL, OTHER], "4", True, "does not say of which"),
])  # fmt: skip
def test_what_cannot_be_meant_is_refused(targets: list[Target], given: str, inside: bool, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        with_attached(targets, given, inside=inside)


def test_an_address_of_this_machine_is_known_from_others() -> None:
    assert is_here("127.0.0.1")
    assert is_here("localhost")
    assert not is_here("192.0.2.1")  # nobody's (RFC 5737)
