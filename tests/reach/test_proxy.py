"""Through which proxy a host is asked, by the environment alone."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reach.failure import ReachError
from reach.proxy import Proxies, excepted, parse_proxy
from records.options.hosts import is_loopback


@pytest.mark.parametrize(("hosts", "name"), [
    ("localhost LOCALHOST. a.localhost 127.0.0.1 127.9.9.9 127.1 ::1 0.0.0.0", None),
    ("localhost.example 128.0.0.1 10.0.0.1 ::2 mylocalhost", "p:1"),
])  # fmt: skip
def test_this_machine_is_never_asked_through_a_proxy_and_others_are(hosts: str, name: str | None) -> None:
    proxies = Proxies.of({"HTTPS_PROXY": "http://p:1", "HTTP_PROXY": "http://p:1"})
    for host in hosts.split():
        assert is_loopback(host) is (name is None)
        for tls, port in ((True, 443), (False, 80)):
            proxy = proxies.proxy_for(tls=tls, host=host, port=port)
            assert (proxy and proxy.name) == name


def test_each_scheme_has_its_own_and_lower_case_wins() -> None:
    environment = {"HTTPS_PROXY": "http://a", "https_proxy": "http://b:2", "HTTP_PROXY": "c:3"}
    proxies = Proxies.of(environment)
    named = [proxies.proxy_for(tls=tls, host="h", port=1) for tls in (True, False)]
    assert [proxy and proxy.name for proxy in named] == ["b:2", "c:3"]
    assert Proxies.of({"HTTP_PROXY": "c:3"}).proxy_for(tls=True, host="h", port=1) is None
    assert Proxies.of({}) == Proxies()


@pytest.mark.parametrize(("entry", "host", "port", "is_excepted"), [
    ("*", "a.example", 443, True), ("example", "a.example", 443, True), (".example", "a.example", 443, True),
    (".example", "example", 443, True), ("*.example", "b.a.example", 443, True),
    ("Example.", "A.EXAMPLE", 443, True), ("ample", "a.example", 443, False),
    ("a.example:8443", "a.example", 443, False), ("a.example:8443", "a.example", 8443, True),
    ("x, a.example", "a.example", 443, True), ("x a.example", "a.example", 443, True),
    ("10.0.0.0/8", "10.2.3.4", 443, True), ("10.0.0.0/8", "11.2.3.4", 443, False),
    ("10.1.1.1", "10.1.1.1", 443, True), ("10.1.1.1:80", "10.1.1.1", 443, False),
    ("fd00::/8", "fd00::1", 443, True), ("[fd00::1]:443", "fd00::1", 443, True),
    ("::1", "a.example", 443, False), (",, ,", "a.example", 443, False),
    ("169.254/16", "169.254.1.1", 443, True),
    ("a_b.example,*.svc.cluster.local", "x.svc.cluster.local", 443, True), ("", "a.example", 443, False),
])  # fmt: skip
def test_what_no_proxy_names(entry: str, host: str, port: int, is_excepted: bool) -> None:
    assert excepted(host, port, entry) is is_excepted


@given(st.text(max_size=30), st.text(min_size=1, max_size=30))
def test_no_text_in_the_environment_is_a_traceback(none: str, url: str) -> None:
    with suppress(ReachError):
        Proxies(https=url, none=none).proxy_for(tls=True, host="a.example", port=443)


def test_user_and_password_are_sent_and_never_shown() -> None:
    proxy = parse_proxy("HTTPS_PROXY", "http://me:s%40cret@proxy.example:3128/")
    assert (proxy.host, proxy.port, proxy.name) == ("proxy.example", 3128, "proxy.example:3128")
    assert proxy.authorization == "Basic bWU6c0BjcmV0"
    assert "bWU6" not in repr(proxy)
    assert "cret" not in repr(Proxies.of({"https_proxy": "http://me:s%40cret@h"}))


@pytest.mark.parametrize(("url", "why"), [
    ("https://me:secret@p:1", "https:// is no proxy that is spoken to here"),
    ("socks5h://me:secret@p:1", "socks5h:// is no proxy"), ("me:secret@p:1://x", "is no proxy"),
    ("http://me:secret@", "is not like"), ("http://me:secret@p:many", "is not like"),
    ("http://me:secret@[p", "is not like"), ("http://me:secret@a b", "is not like"),
    ("http://me:secret@p:1/path", "is not like"), ("http://me:secret@p:1?x", "is not like"),
    ("ftp://me:secret@p:1", "ftp:// is no proxy"), ("http://me:secret@p:99999", "is not like"),
    ("http://me:secret@p:0", "is not like"),
])  # fmt: skip
def test_what_is_no_proxy_of_ours_is_refused_without_showing_it(url: str, why: str) -> None:
    with pytest.raises(ReachError, match=why) as caught:
        parse_proxy("HTTPS_PROXY", url)
    assert "secret" not in str(caught.value)


def test_a_variable_that_is_not_used_may_say_anything() -> None:
    for host in ("localhost", "h"):
        assert Proxies(https="socks5://x", none="h").proxy_for(tls=True, host=host, port=1) is None


@pytest.mark.parametrize("entry", [
    *("http://a", "10.0.0.0/99", "a.example:99999", "a.example:0", "a.example:many", "a:b:c", "a/b"),
    *("[::1", "user@a", "a.example:", "**", "a;b", "?"),
])  # fmt: skip
def test_an_entry_of_no_proxy_that_is_none_is_named_with_its_variable(entry: str) -> None:
    with pytest.raises(ReachError, match=r"^NO_PROXY: .* is no host, domain, number or network"):
        excepted("a.example", 443, f"b.example,{entry}")


@pytest.mark.parametrize("tls", [True, False])
def test_all_proxy_is_said_not_to_be_used(tls: bool) -> None:
    proxies = Proxies.of({"all_proxy": "socks5://me:secret@p:1", "NO_PROXY": "b.example"})
    name = "HTTPS_PROXY" if tls else "HTTP_PROXY"
    with pytest.raises(ReachError, match=f"ALL_PROXY is not used here.*{name}=http") as caught:
        proxies.proxy_for(tls=tls, host="a.example", port=443)
    assert "secret" not in str(caught.value) + repr(proxies)
    for host in ("b.example", "127.0.0.1"):
        assert proxies.proxy_for(tls=tls, host=host, port=443) is None
    both = Proxies.of({"ALL_PROXY": "socks5://p", "HTTPS_PROXY": "q:1", "HTTP_PROXY": "q:1"})
    assert both.proxy_for(tls=tls, host="a.example", port=443) is not None
