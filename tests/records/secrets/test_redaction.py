"""What was sent in secret is not shown again, in whatever form it comes back."""

import base64
import html
import json
import re
import string
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from records.secrets.given import blank_command, parts_of, redaction
from records.secrets.redaction import LEAST, PIECE, Redaction
from records.secrets.secret_names import is_secret
from records.secrets.urls import BLANK

KEY = "sk-proj-Zq7/x+9=ab\"c'd&e%41 f\\u0041-wxyz"
VISIBLE = "".join(chr(code) for code in range(33, 127))
SECRETS = st.text(VISIBLE, min_size=LEAST, max_size=80)
AROUND = st.text(string.ascii_uppercase + string.punctuation + " \n\u00e9\u0130\U0001f600", max_size=60)
FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str, "URL": lambda one: quote(one, safe=""),
    "URL, twice": lambda one: quote(quote(one, safe=""), safe=""),
    "URL, small letters": lambda one: quote(one, safe="").lower(), "form": quote_plus,
    "JSON": lambda one: json.dumps(one)[1:-1], "JSON in JSON": lambda one: json.dumps(json.dumps(one))[3:-3],
    "JSON with slashes": lambda one: json.dumps(one)[1:-1].replace("/", "\\/"),
    "JSON, all of it": lambda one: "".join(f"\\u{ord(c):04x}" for c in one),
    "HTML": lambda one: html.escape(one),
    "HTML, all of it": lambda one: "".join(f"&#x{ord(c):x};" for c in one),
    "HTML, in decimals": lambda one: "".join(f"&#{ord(c)};" for c in one), "capital letters": str.upper,
    "small letters": str.lower, "hexadecimal": lambda one: one.encode().hex(),
    "folded": lambda one: "\r\n ".join(one[i : i + 5] for i in range(0, len(one), 5)),
}  # fmt: skip


def hidden(secret: str, shown: str, text: str = "") -> bool:
    """Is no piece of it there that was not there without it? Whatever the case of its letters."""
    small, shown, text = secret.lower(), shown.lower(), text.lower()
    pieces = {small[i : i + PIECE] for i in range(len(small) - PIECE + 1)} or {small}
    return all(piece not in shown or piece in text for piece in pieces)


@given(secret=SECRETS, before=AROUND, after=AROUND, form=st.sampled_from(sorted(FORMS)))
@example(secret=KEY, before="", after="", form="as it is")
def test_a_secret_is_not_shown_in_any_form(secret: str, before: str, after: str, form: str) -> None:
    said = FORMS[form](secret)
    shown = Redaction([secret]).redact(f"{before} {said} {after}")
    assert said not in shown or said in before + after or said in BLANK
    assert hidden(secret, shown, before + after)


@given(secret=st.text(VISIBLE, min_size=PIECE, max_size=80), before=AROUND, after=AROUND, url=st.booleans())
def test_base64_of_a_text_with_the_secret_does_not_show_it(
    secret: str, before: str, after: str, url: bool
) -> None:
    encode = base64.urlsafe_b64encode if url else base64.b64encode
    shown = Redaction([secret]).redact(encode(f"{before}{secret}{after}".encode()).decode())
    for piece in shown.split(BLANK):
        for offset in range(4):  # read at any place, it is not there
            aligned = "A" * offset + piece.rstrip("=")
            aligned = aligned[: len(aligned) - (len(aligned) % 4 == 1)]
            raw = base64.b64decode(aligned + "=" * (-len(aligned) % 4), altchars=b"-_" if url else None)
            assert secret.encode() not in raw


@given(secret=SECRETS, before=AROUND, form=st.sampled_from(sorted(FORMS)), data=st.data())
def test_a_body_that_was_cut_does_not_end_with_the_beginning_of_a_secret(
    secret: str, before: str, form: str, data: st.DataObject
) -> None:
    said = FORMS[form](secret)
    kept = data.draw(st.integers(0, len(said)))
    shown = Redaction([secret]).redact(f"{before}|{said[:kept]}")
    begins = said[: max(LEAST, kept - 5)]  # the escape that the cut went through is no piece of it
    if kept >= LEAST + 5 and form in ("as it is", "capital letters", "small letters", "hexadecimal"):
        assert begins not in shown or begins in before or begins in BLANK


@given(secret=st.text(VISIBLE, min_size=20, max_size=80), data=st.data())
def test_a_piece_is_blanked_wherever_it_stands(secret: str, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(secret) - PIECE))
    size = data.draw(st.integers(PIECE, len(secret) - first))
    shown = Redaction([secret]).redact(f"the key {secret[first : first + size]} is wrong")
    assert hidden(secret, shown, "the key  is wrong")


@pytest.mark.parametrize("mask", ["***", "...", "\u2026", "xxxx", "\u2022" * 3, "[hidden]", "<redacted>"])
def test_a_masked_key_shows_neither_its_beginning_nor_its_end(mask: str) -> None:
    said = f"Incorrect API key provided: sk-ab{mask}wxyz. You can find yours at the door"
    shown = Redaction(["sk-abcdefgh1234wxyz"]).redact(said)
    assert not re.search("sk-ab|wxyz", shown)
    assert re.fullmatch(r"Incorrect API key provided: .*yours at the door", shown)


def test_what_is_no_secret_s_stays_beside_a_mask_and_within_a_word() -> None:
    plain = "HTTP 400: Unknown parameter 'stream_options', see the manual (1 of 3) at https://h/docs"
    assert Redaction(["sk-1234567890"], ["Bearer sk-1234567890"]).redact(plain) == plain
    made = Redaction(["sk-1234567890"], ["true", "v1.2"])
    assert made.redact("the task... is untrue, xsk*** is none") == "the task... is untrue, xsk*** is none"
    assert made.redact("true: sk... av1.2 TRUE") == f"{BLANK}: {BLANK}... a{BLANK} {BLANK}"
    short = Redaction(["abc"], ["1"])  # a secret where it stands alone, a value nowhere
    assert short.redact("abc abcd 1 key=abc") == "*** abcd 1 key=***"


def test_what_reads_the_same_is_one_answer_and_shows_no_secret_itself() -> None:
    made = Redaction(["sk-secret-0"])
    assert "sk-secret" not in repr(made)
    assert "sk-secret" not in str(vars(made).get("_remembered"))


@pytest.mark.parametrize(("said", "shown"), [
    ("https://user:pw@host/p?sig=abc#frag", "https://***@host/p?***"), ("/login?token=abc", "/login?***"),
    ("login?next=x&token=abc now", "login?*** now"), ("https://h/p#access_token=abc", "https://h/p#***"),
    (r'{"u":"https:\/\/user:pw@h\/p?sig=abc","n":1}', r'{"u":"https:\/\/***@h\/p?***","n":1}'),
    ("https://u:p/w@h/x, then", "https://***@h/x, then"), ("postgres://u:p#w@h/db", "postgres://***@h/db"),
    ("//user@h/p", "//***@h/p"), ("to=https%3A%2F%2Fu%3Apw%40h%2Fp", "to=https%3A%2F%2F***"),
    ("http://127.0.0.1:80/a/@scope", "http://127.0.0.1:80/a/@scope"),
    ("Did you mean http://h/p?", "Did you mean http://h/p?"),
    ("What? # a heading, me@home", "What? # a heading, me@home"),
])  # fmt: skip
def test_urls_show_where_they_lead_and_not_what_they_carry(said: str, shown: str) -> None:
    assert Redaction().redact(said) == shown
    assert Redaction().redact(shown) == shown


@given(
    user=st.text(string.ascii_letters + string.digits + ":!$&'()*+,;=._~-%", min_size=1, max_size=20),
    query=st.text(string.ascii_letters + string.digits + "=&%:@!$'()*+,;._~/?-", min_size=1, max_size=20),
    before=AROUND,
)
def test_no_url_shows_its_user_or_its_query(user: str, query: str, before: str) -> None:
    shown = Redaction().redact(f"{before} https://{user}@example.org/path?{query}#{query} end")
    assert shown.endswith(" https://***@example.org/path?*** end")


def test_what_is_secret_in_headers() -> None:
    held = base64.b64encode(b"me:pa-ss-word").decode()
    headers = {
        "authorization": f"Basic {held}", "Cookie": 'lang=en; session=s3ss-10n; t="MnbVcx77"',
        "X-Tenant": "acme-tenant", "X-Debug": "1", "Content-Type": "application/json",
        "X-Secret": "first9aaBB second8ccDD",  # a first word is a scheme only where it is one
        "Proxy-Authorization": "Token token9aaBBcc",
    }  # fmt: skip
    proxies = {"https_proxy": "http://proxy-user:pr%40xy-pw@10.0.0.1:3128"}
    made = redaction(headers, proxies, keys=["sk-1234-abcd"])
    own = ("acme-tenant", "first9aaBB", "second8ccDD", "token9aaBBcc", "s3ss-10n", "MnbVcx77")
    for secret in (held, "pa-ss-word", *own, "pr@xy-pw", "pr%40xy-pw", "sk-1234-abcd"):
        assert secret not in made.redact(f"no: {secret}!"), secret
    assert made.redact("Bearer sk-1234-abcd") == BLANK
    assert made.redact("1 application/json") == "1 application/json"


def test_a_secret_that_was_counted_with_others_of_its_kind_is_known_too() -> None:
    made = redaction({}, {}, keys=["sk-ab12cdefgh34ij"], also=lambda text: re.sub(r"\d+", "N", text))
    assert made.redact("bad key sk-abNcdefghNij") == f"bad key {BLANK}"


def test_a_configuration_of_somebody_s_service_shows_no_secret() -> None:
    raw = {
        "URL": "postgres://u:pw@h/db", "api_key": "of its own",
        "names": ["sk-1234567890", {"sk-1234567890": True}], "number": 1234567890, "pool": 5,
    }  # fmt: skip
    shown = Redaction(["sk-1234567890", "1234567890"]).value(raw)
    assert shown == {
        "URL": "postgres://***@h/db", "api_key": BLANK, "names": [BLANK, {BLANK: True}], "number": BLANK,
        "pool": 5,
    }  # fmt: skip
    deep: list[object] = []
    for _ in range(2000):
        deep = [deep]
    Redaction().value(deep)


@pytest.mark.parametrize("command", [
    "TARGET_API_KEY=S3CRET locust -f x.py", "curl -H 'Authorization: Bearer S3CRET' http://h",
    "run --api-key S3CRET --port 1", 'run --api-key="S3CRET" --port 1', "run --header X-Api-Key=S3CRET",
    "curl https://u:S3CRET@h/p?k=S3CRET",
])  # fmt: skip
def test_a_command_line_is_kept_without_the_secrets_in_it(command: str) -> None:
    assert "S3CRET" not in blank_command(command)
    assert blank_command("uvicorn app:app --port 8001 | tee x") == "uvicorn app:app --port 8001 | tee x"


def test_which_forms_are_known_is_what_the_readme_says() -> None:
    secret = 'sK-9x/AbC+q7=Zz&12"34'
    raw, percent = secret.encode(), quote(secret, safe="")
    known = [
        *(secret, secret.upper(), " ".join(secret), secret[:5] + "\n  " + secret[5:], secret[3:11]),
        *(percent, quote(quote(percent, safe=""), safe=""), json.dumps(secret)[1:-1], html.escape(secret)),
        *(raw.hex(), base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()),
    ]
    blanks = Redaction([secret])
    assert [form for form in known if blanks.redact(form) != "***"] == []
    assert "***" in blanks.redact(base64.b64encode(b"a:" + raw + b":b").decode())
    unknown = [
        *(base64.b32encode(raw).decode(), base64.b64encode(base64.b64encode(raw)).decode(), raw.hex(":")),
        *(
            secret[::-1],
            "-".join(secret),
            "\u200b".join(secret),
            "".join(chr(ord(c) + 0xFEE0) for c in secret),
        ),
    ]
    assert [form for form in unknown if blanks.redact(form) != form] == []


@pytest.mark.parametrize(("names", "secret"), [
    ("MYTOKEN GHTOKEN MYAPIKEY DBPASSWORD PGPASS CREDS PRIVATEKEY", True),
    ("MAXTOKEN EOSTOKEN MAX_TOKENS BYPASS COMPASS MONKEY KEYBOARD", False),
])  # fmt: skip
def test_a_name_of_words_without_a_gap_is_a_secrets_too(names: str, secret: bool) -> None:
    assert {is_secret(name) for name in names.split()} == {secret}


@pytest.mark.parametrize(("value", "secret"), [
    ("Bearer s3cret", {"s3cret"}), ("MyAuth s3cret", {"s3cret", "MyAuth s3cret"}),
    ("opaquewordqz vone", {"opaquewordqz", "vone", "opaquewordqz vone"}),
])  # fmt: skip
def test_of_what_may_be_a_scheme_or_a_secret_both_parts_are_kept_back(value: str, secret: set[str]) -> None:
    assert parts_of(value) == secret
