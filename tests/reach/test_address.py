"""A base URL as people give it, and what is asked below it."""

import pytest

from reach.address import Address, joined
from reach.options import Reach
from reach.proxy import Proxies

CHAT = "/v1/chat/completions"


@pytest.mark.parametrize(("base", "path", "asked"), [
    ("", CHAT, CHAT), ("/v1", CHAT, CHAT), ("/v1/", CHAT, CHAT), ("/v1/chat", CHAT, CHAT), (CHAT, CHAT, CHAT),
    ("/api/v1", CHAT, "/api/v1/chat/completions"),
    ("/openai/v1/chat/completions", CHAT, "/openai/v1/chat/completions"),
    ("/api/paas/v4", CHAT, "/api/paas/v4/chat/completions"),
    ("/v1beta/openai", CHAT, "/v1beta/openai/chat/completions"),
    ("/v1/account/gateway/openai", CHAT, "/v1/account/gateway/openai/chat/completions"),
    ("/openai", CHAT, "/openai/v1/chat/completions"),
    ("/apps/v2/llm", CHAT, "/apps/v2/llm/v1/chat/completions"),
    ("/v1", "/v1/chat/completions?api-version=2", "/v1/chat/completions?api-version=2"),
    (CHAT, "/v1/chat/completions?api-version=2", "/v1/chat/completions?api-version=2"),
    ("/v1", "/chat/completions", "/v1/chat/completions"), ("/rag", "/ask/stream", "/rag/ask/stream"),
    ("/ask/stream", "/ask/stream", "/ask/stream"), ("/ask", "/ask/stream", "/ask/ask/stream"),
])  # fmt: skip
def test_what_the_base_url_and_the_path_both_say_is_said_once(base: str, path: str, asked: str) -> None:
    assert Address(f"http://h{base}").path(path) == asked
    assert joined(base.rstrip("/"), path) == asked


def test_the_service_s_own_paths_are_looked_for_beside_its_api_too() -> None:
    assert Address("http://h").own("/config") == ("/config",)
    assert Address("http://h/rag").own("/config") == ("/rag/config",)
    assert Address("http://h/rag/v1").own("/config") == ("/rag/v1/config", "/rag/config")
    assert Address(f"http://h{CHAT}").own("/config")[1] == "/config"


def test_a_proxy_is_asked_for_a_whole_url_but_for_tls() -> None:
    reach = Reach(proxies=Proxies(http="http://u:p@p:1", https="http://u:p@p:1"))
    plain, tls = Address("http://h:81/x", reach), Address("https://h/x", reach)
    assert plain.target("/y") == "http://h:81/y"
    assert list(plain.proxy_headers) == ["Proxy-Authorization"]
    assert (tls.target("/y"), tls.proxy_headers, tls.tunnel) == ("/y", {}, True)
    direct = Address("http://127.0.0.1:81", reach)
    assert (direct.target("/y"), direct.proxy_headers, direct.proxy) == ("/y", {}, None)
