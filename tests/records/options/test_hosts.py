"""Whether a URL is of this machine: one answer, whoever asks."""

import pytest

from records.options.hosts import is_here


@pytest.mark.parametrize(("urls", "here"), [
    ("http://localhost http://a.localhost:1 http://127.9.9.9:8/v1 https://[::1]:9 http://0.0.0.0:7", True),
    ("http://127.example.com http://10.0.0.9:8 http://[::1 localhost", False),
])  # fmt: skip
def test_it_is_by_the_name_or_the_number_of_its_host(urls: str, here: bool) -> None:
    assert {is_here(url) for url in urls.split()} == {here}
