"""Variants: what ``--config`` and ``--set`` take, and what they refuse in one line without a secret."""

import pytest

from records.services.variants import MOCKS, SWITCHES, Variant
from sweep.planning.variants import (
    check_common,
    check_reference,
    check_told_apart,
    parse_settings,
    parse_variants,
)
from sweep.running.errors import UsageError
from target_app.settings import Settings


def test_a_name_alone_a_list_of_names_and_a_name_with_settings() -> None:
    found = parse_variants(["baseline, mock-llm", "async", "baseline"])
    assert found == (MOCKS["baseline"], MOCKS["mock-llm"], Variant(name="async"))
    [mine] = parse_variants(["mine:RETRIEVAL=blocking,OPENAI_BASE_URL=http://h:1/v1,NAMES=a,b"])
    assert mine.settings == {"RETRIEVAL": "blocking", "OPENAI_BASE_URL": "http://h:1/v1", "NAMES": "a,b"}
    [mocked] = parse_variants(["mock-llm:INDEX=flat"])
    assert mocked.settings == {**MOCKS["mock-llm"].settings, "INDEX": "flat"}
    assert parse_variants([]) == ()


@pytest.mark.parametrize(("values", "why"), [
    ([""], "names no variant"), ([",", " "], "names no variant"), (["a/b"], "a variant's name takes letters"),
    (["..:X=1"], "a variant's name takes letters"), (["a,b:X=1"], "a variant's name takes letters"),
    (["a:"], "--config 'a' takes NAME=VALUE"), (["a:retrieval=x"], "--config 'a' takes NAME=VALUE"),
    (["a:OPENAI_API_KEY=sk-1"], "OPENAI_API_KEY is a secret"),
    (["a:LLM_URL=http://me:sk-1@h"], "a URL with a password"),
    (["mock-lm"], r"there is no mock-lm; did you mean mock-llm\?"),
    (["mocked"], "there is no mocked: baseline, "), (["Baseline"], r"did you mean baseline\?"),
    (["mock-llm,basline"], r"did you mean baseline\?"), (["asis"], r"did you mean as-is\?"),
    (["mcok_both"], r"did you mean mock-both\?"),
    (["mock-llm:USE_MOCK_LLM=no"], "mock-llm has USE_MOCK_LLM=yes"),
    (["as-is:INDEX=flat"], "as-is is a service as it runs"),
    (["a:INDEX=flat", "a"], "two variants are called a"),
])  # fmt: skip
def test_what_is_no_variant_is_refused(values: list[str], why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        parse_variants(values)
    assert "sk-1" not in str(caught.value)


_KEY, _BASE = "OPENAI_BASE_URL: .*give a key as OPENAI_API_KEY", "OPENAI_BASE_URL: .*is not a base URL"


@pytest.mark.parametrize(("value", "why"), [
    ("RETRIEVAL", "--set"), ("retrieval=x", "--set"), ("OPENAI_API_KEY=sk-1", "API_KEY"),
    ("PASSWORD=sk-1", "PASSWORD"), ("api_key=sk-1", "--set"),
    ("OPENAI_BASE_URL=http://me:sk-1@x/v1", _KEY), ("OPENAI_BASE_URL=http://x/v1?api-key=sk-1", _KEY),
    ("OPENAI_BASE_URL=http://[", _BASE), ("OPENAI_BASE_URL=x", _BASE), ("OPENAI_BASE_URL=", _BASE),
])  # fmt: skip
def test_settings_that_cannot_be_set_are_refused_without_the_secret(value: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        parse_settings([value])
    assert "sk-1" not in str(caught.value)


def test_a_mock_may_be_a_common_setting_of_variants_that_say_nothing_of_it() -> None:
    common = parse_settings(["USE_MOCK_LLM=yes"])
    check_common(common, (Variant(name="async"), MOCKS["baseline"]))
    check_common(common, ())
    with pytest.raises(UsageError, match="as-is is a service as it runs, and --set changes it"):
        check_common(common, (Variant(name="as-is"),))
    with pytest.raises(UsageError, match="--set USE_MOCK_LLM changes nothing"):
        check_common(common, tuple(MOCKS.values()))
    check_reference(None, ())
    check_reference("mine", (Variant(name="mine"),))
    with pytest.raises(UsageError, match=r"--reference takes one of the variants \(mine\), not 'yours'"):
        check_reference("yours", (Variant(name="mine"),))


def test_a_name_without_settings_is_the_plain_app_only_beside_what_is_set() -> None:
    more = ["new-baseline,one", "baseline2:INDEX=flat"]
    for values in (["before:RETRIEVAL=blocking", "after"], ["mock-llm", "async"], ["as-is"], more):
        check_told_apart({}, parse_variants(values))
    check_told_apart({"RETRIEVAL": "blocking"}, parse_variants(["asynch"]))
    for values in (["asynch"], ["as-is", "asynch"], ["asynch", "after"]):
        with pytest.raises(UsageError, match=r"--config asynch has no settings, .* called baseline; give it"):
            check_told_apart({}, parse_variants(values))


def test_the_app_calls_itself_what_the_mocks_settings_are_called_here() -> None:
    for name, variant in MOCKS.items():
        own = {switch.setting.lower(): variant.settings[switch.setting] for switch in SWITCHES}
        assert Settings(**own).configuration == name
