"""What may follow ``--``, and what the sweep itself says to a cell's locust."""

import pytest

from sweep.planning.factors import check_factors
from sweep.planning.load_words import OWN, found_in, own_words, parse_locust_args
from sweep.planning.scenario import declared
from sweep.running.errors import UsageError


@pytest.mark.parametrize("words", [
    ["--header", "X-Api-Key=sk-1"], ["--header=Authorization=sk-1"], ["--heade", "X-Api-Key=sk-1"],
    ["--headers=X-Api-Key=sk-1", "--he=Authorization: Bearer sk-1="], ["--field", "openai_api_key=sk-1"],
    ["--field=password=sk-1"], ["--field", 'extra={"api_key":"sk-1"}'],
    ['--field=extra= [{"a": [{"password": "sk-1"}]}]'], ["--field", "callback=http://u:sk-1@h/x"],
    ["--field", "callback=http://h/x?token=sk-1"], ["--path", "/ask?api-version=2&access_token=sk-1"],
    ["--path", "/ask#access_token=sk-1"], ["--host", "http://me:sk-1@h"], ["--hos=http://h"], ["-Hhttp://h"],
    ["--h=sk-1"], ["--header", "X-Tenant-Id=sk-1234567890abcd"],
    ["--header=sk-1: Bearer sk-1="], ["--header"], ["\udcff"],
])  # fmt: skip
def test_a_secret_and_what_the_sweep_says_itself_do_not_go_to_locust(words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        parse_locust_args(words, "stream")
    assert "sk-1" not in str(caught.value)


UUID = "3f2b8c1a-77de-4c19-9a0b-5d1e2f3a4b5c"
HEX = UUID.replace("-", "")
ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
KNOWN = [
    "sk-proj-AbC123dEf456gHi789", "sk_" + HEX, "sk_live_4eC39HqLyjWDarjtT1zdp7dc", "AKIAIOSFODNN7EXAMPLE",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "ASIAIOSFODNN7EXAMPLE", "hf_AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEf",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "xoxb-123456789012-abcdefghijkl",
    "pcsk_5wXyZ1_AbC123dEf456Gh78",
    f"lsv2_pt_{HEX}_0123456789", f"pplx-{HEX}", f"nvapi-{HEX}", f"xai-{HEX}", f"r8_{HEX}", f"dapi{HEX}",
    "ya29.a0AfH6SMBx1234567890abcdef", f"hvs.{HEX}", f"npm_{HEX}", f"glsa_{HEX}",
]  # fmt: skip


@pytest.mark.parametrize("header", [
    "X-Custom=a1b2c3d4e5f6g7h8i9", f"X-Custom={UUID}", f"X-Session-Id={UUID}", f"sid={UUID}",
    f"X-Idle={UUID}", f"X-Api-Client={HEX}", f"X-Token-Id={HEX}", f"X-Session-Link-Id={HEX}",
    f"X-Session-Tenant={HEX}", "X-User=Bearer abcdefghijkl", "User-Agent=Basic dXNlcjpwYXNz",
    "baggage=Bearer abcdefghijkl", "X-Request-Id=" + "a1" * 40, f"X-Custom={ULID}",
    f'X-Custom={{"team": "a1", "of": "{HEX}"}}', f"X-Custom=https://app42.example.com/v2/{HEX}",
    "X-Custom=aB3-dE5_gH7kLm2-pQ9", "X-Custom=for 01ARZ3NDEKTSV4RRFFQ69G5FAV",
])  # fmt: skip
def test_a_key_in_a_header_of_any_name_is_not_kept(header: str) -> None:
    name, _, key = header.partition("=")
    match = (
        f"value of header '{name}' looks like a key .* TARGET_API_KEY with --key-header NAME; .* TARGET_HEA"
    )
    with pytest.raises(UsageError, match=match) as caught:
        parse_locust_args(["--header", "X-Team=a", f"--heade={header}"], "stream")
    assert key not in str(caught.value)


@pytest.mark.parametrize("name", ["OpenAI-Organization", "X-Tenant-Id", "X-Custom"])
@pytest.mark.parametrize("key", KNOWN)
def test_a_key_of_a_well_known_form_is_kept_under_no_name(name: str, key: str) -> None:
    match = (
        f"'{name}' does not go after --, where it is kept: .* TARGET_API_KEY, or the header in TARGET_HEADERS"
    )
    with pytest.raises(UsageError, match=match) as caught:
        parse_locust_args(["--header", f"{name}={key}"], "stream")
    assert key not in str(caught.value)


@pytest.mark.parametrize("header", [
    "traceparent=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
    "User-Agent=Mozilla/5.0 (X11; Linux)", "X-From=10.0.0.1, 10.0.0.122",
    "api-version=2024-10-01-preview", "X-Beta=caching-20240731,b2",
    "X-Team=blue-team-42", f"x-request-id={UUID}", f"X-Tenant={UUID}", f"X-TenantId={UUID}",
    f"request_uuid={UUID}", "x-b3-traceid=4bf92f3577b34da6a3ce929d0e0e4736", f"X-Request-Id={HEX}",
    "X-Amz-Date=20261130T000000Z", "X-Since=2026-11-30T00:00:00.123+01:00", "X-User=4711000000000000",
    f"X-Cloud-Trace-Context={HEX}/1;o=1", "X-Amzn-Trace-Id=Root=1-67891233-abcdef012345678912345678",
    f"X-Tenant=acme-{UUID}", "X-Tenant=acme-prod-eu-west-1-cluster-2",
    # As services say their own:
    "OpenAI-Organization=org-AbC123dEf456gHi789jKl012", "OpenAI-Project=proj_AbC123dEf456gHi789jKl012",
    "OpenAI-Beta=assistants=v2", f"X-Custom-Id={ULID}", f"X-Request-Id={ULID}", f"X-Tenant-Id={HEX}",
    "anthropic-workspace-id=wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ",
    "anthropic-beta=prompt-caching-2024-07-31,max-tokens-3-5-sonnet-2024-07-15",
    "azureml-model-deployment=gpt4o-2024-08-06-v2-a1b2c3", "X-Azure-Deployment=gpt-4o-mini-eastus2-p1",
    "X-Amzn-Bedrock-GuardrailIdentifier=gr1d2abc34ef5678x9",
    "X-Amzn-Bedrock-GuardrailIdentifier=arn:aws:bedrock:us-east-1:123456789012:guardrail/a1b2c3d4e5f6",
    "x-goog-user-project=my-project-123456-a1", "X-Client-Name=my-cohere-app-v2-eu-west-1",
    "X-Pinecone-API-Version=2025-04", "X-Project-Id=8x9yz0ab1cd2ef3gh4", "Langsmith-Project=pr-41a7b2c3d4e5",
    "Helicone-User-Id=user_2NNEqL2nrIRdJ194ndJqAHwEfxC", "Helicone-Prompt-Id=prompt_story_v2_2024_1",
    "Helicone-Property-Environment=prod-eu-1-v2-blue", "x-portkey-trace-id=7f3a9b2c1d4e5f60",
    'x-portkey-metadata={"_user":"user-123","request_id":"42aff12"}', "x-portkey-config=pc-prod-a1b2c3",
    'cf-aig-metadata={"team":"AI","user":12345,"v":"2"}', f"cf-aig-event-id={ULID}", f"X-Account={HEX}",
    f"CF-Access-Client-Id={HEX}.access", "HTTP-Referer=https://app42.example.com/v2/chat",
    "X-Title=rag-bench-2024-v2", f"X-Consumer-ID={UUID}", f"X-Kong-Request-Id={HEX}",
    f"X-Session-User-Id={ULID}",
    "X-Envoy-Decorator-Operation=rag.ns1.svc.cluster.local:8080/*", f"x-ot-span-context={HEX}",
    "x-datadog-trace-id=7277407061855694839", "x-datadog-tags=_dd.p.dm=-1,_dd.p.tid=66f1a2b300000000",
])  # fmt: skip
def test_what_a_header_s_name_says_to_be_no_key_is_none(header: str) -> None:
    assert parse_locust_args(["--header", header], "stream") == ("--header", header)


KEY = "AbCd1234EfGh5678IjKl9012MnOp3456"


@pytest.mark.parametrize("word", [
    f"--path=/ok?code={KEY}==", f"--path=/ok?x={HEX}", "--path=/ok?sig=Zz",
    "--field=webhook=https://acct.blob.core.windows.net/c/b?sv=2024&sig=Zz11Yy22Xx33Ww44Vv55",
    f"--field=note={KEY}", f'--field=a={{"b": ["{HEX}"]}}', f"--field=session_id={HEX}",
    f"--field=hook=https://h/x?to=https%3A%2F%2Fh%2Fy%3Fv%3D{KEY}",
    "--field=hook=" + "https://h/x?a=" * 2000 + KEY,
    f"--header=Referer=https://h/x?v={KEY}", f"--header=Referer=/x?code={KEY}", f"--header=X-Hook=https://h?v={HEX}",
])  # fmt: skip
def test_a_key_by_its_look_in_a_field_or_a_url_is_not_kept(word: str) -> None:
    with pytest.raises(UsageError, match="does not go after --, where it is kept") as caught:
        parse_locust_args([word], "stream")
    assert not any(key in str(caught.value) for key in (KEY, HEX, "Zz"))


@pytest.mark.parametrize("word", [
    *(f"--field=model={name}" for name in (
        "meta-llama/Llama-3.1-8B-Instruct", "claude-3-5-sonnet-20241022", "gpt-4o-2024-08-06",
        "mixtral8x7binstructv01", "phi3mini4kinstruct", "Qwen2.5-Coder-32B-Instruct-GPTQ-Int4",
        "us.anthropic.claude-3-7-sonnet-20250219-v1:0", "hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q4_K_M",
        "accounts/fireworks/models/llama4-maverick-instruct-basic", "Meta-Llama-3.1-405B-Instruct-FP8",
    )),
    f"--field=note=who asked for {KEY} on 2024-10-01?", f"--field=tenant={UUID}", f"--field=doc_id={HEX}",
    f"--field=revision={HEX}", "--field=since=2026-11-30T00:00:00Z", "--field=n=12345678901234567890",
    "--field=word=Donaudampfschifffahrtsgesellschaft", f"--field=image=data:image/png;base64,{KEY}",
    "--field=index=docs_v2_20240601_chunk512_overlap64", "--field=see=https://h/x?v=1&lang=en&code=python#top",
    f"--path=/collections/{HEX}/ask?api-version=2024-10-01-preview&code=de&q=what%20is%20it&user={UUID}",
    "--header=Referer=https://h/x?page=2", "--questions=/tmp/run-20240601/questions2024.txt",
])  # fmt: skip
def test_what_is_no_key_may_be_kept_in_a_field_or_a_url(word: str) -> None:
    assert parse_locust_args([word], "stream") == (word,)


@pytest.mark.parametrize(("words", "why"), [
    ("--requests 5", "--requests does not go after --: say --requests N before --"),
    ("-t2s", "--run-time does not go after --: .* --max-seconds SECONDS before --"),
    ("-u5", "--users does not go after --: .* --concurrency"), ("--user 9", "--users .* --concurrency"),
    ("-r 1", "--spawn-rate .* --concurrency"), ("--master", "--master does not go after --: --workers N"),
    ("--worker", "--worker does not go after --: --workers N"),
    ("--proc=4", "--processes does not go after --: --workers N"),
    ("--warmup-requests=0", "--warmup-requests before|--warmup-requests N before"),
    ("--rate 5 --arrival poisson", "--rate .* --grid rate=N,N"),
    ("--results=elsewhere", "--results .* the sweep names"),
    ("--run-name other", "--run-name .* the sweep names"),
    ("--cell-name other", "--cell-name .* the sweep names"), ("-f other.py", "--locustfile .* --scenario"),
])  # fmt: skip
def test_what_the_plan_says_is_not_overruled(words: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parse_locust_args(words.split(), "stream")


def test_whatever_the_sweep_says_is_kept_from_others() -> None:
    known = {flag for option in declared("stream") for flag in option.flags}
    assert OWN.keys() <= known
    with pytest.raises(KeyError, match="--think-time"):
        own_words({"--think-time": "1"})
    for flag in OWN:
        with pytest.raises(UsageError, match="what the sweep itself says"):
            check_factors([flag.removeprefix("--")], declared("stream"), "stream")


def test_a_value_that_begins_with_a_dash_is_asked_for_behind_an_equals_sign() -> None:
    with pytest.raises(UsageError, match="behind an equals sign: --field=-abc"):
        found_in(["--field", "-abc"], "stream")
    assert found_in(["--field=x=-abc"], "stream")["field"] == ["x=-abc"]
    words = ["--headless", "--header", "X-Team=a", "--field", "a=5", "--field=b=3", "--min-seconds", "1"]
    assert parse_locust_args(words, "stream") == tuple(words)
