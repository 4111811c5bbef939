"""What of the environment may not stand where it would be kept, and what is said then."""

import pytest

from reach.unshown import key_within

HEADERS = "X-Tenant=acme-corp\nHost=service.example\nX-Auth=Bearer opaque-words-9\nX-Short=abc"
ENVIRONMENT = {
    "TARGET_API_KEY": "first-key-1", "OPENAI_API_KEY": "second-key-2", "TARGET_HEADERS": HEADERS,
}  # fmt: skip


@pytest.mark.parametrize(("text", "why"), [
    ("name=first-key-1", "the value of TARGET_API_KEY stands on the command line, which is kept; leave"),
    ("name=second-key-2", "the value of OPENAI_API_KEY stands on"),
    ("https://acme-corp.example", "the value of header 'X-Tenant' in TARGET_HEADERS, which is kept nowhere"),
    ("https://acme-corp.example", "leave it out or, where it is no secret, give the header as --header NAME"),
    ("--field=a=opaque-words-9", "the value of header 'X-Auth' in TARGET_HEADERS"),
])  # fmt: skip
def test_it_is_said_what_stands_there_and_what_to_do(text: str, why: str) -> None:
    said = key_within(["harmless", text], ENVIRONMENT)
    assert why in said
    assert not any(one in said for one in ("first-key", "second-key", "acme", "opaque"))


@pytest.mark.parametrize("text", ["https://service.example", "--field=a=abc", "Bearer"])
def test_what_is_no_secret_may_stand_anywhere(text: str) -> None:
    assert key_within([text], ENVIRONMENT) == ""
    assert key_within([text], {}) == ""
