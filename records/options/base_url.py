"""A base URL, by which a service is named: what may be one."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from records.options.hosts import is_host_name


def split_base_url(url: str, *, key: str = "TARGET_API_KEY") -> SplitResult:
    """A base URL's parts: the scheme is http or https, and there is a host.

    Raises:
        ValueError: it is none, or holds what may be a secret, which is not shown: its place is the
            environment's ``key``.
    """
    if set("@?#") & set(url):
        raise ValueError(f"a base URL holds no user, password or query; give a key as {key}")
    try:
        parts = urlsplit(url)
        # urlsplit drops line ends and tabs; what is sent has to be ASCII without blanks.
        good = re.fullmatch("[!-~]+", url) and parts.scheme in ("http", "https") and parts.hostname
        if not good or parts.port == 0 or not is_host_name(parts.hostname or ""):
            raise ValueError
    except ValueError:  # its own words are of Python
        raise ValueError(f"{url!r} is not a base URL like http://127.0.0.1:8001") from None
    return parts
