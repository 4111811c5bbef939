"""How answers end, and how they fail in mid-stream."""

from typing import Any

from stream_services.service import DONE, HELLO, STOP, bad, delta, good, headers, scripted, send, texts, usage

# fmt: off
bad("an-engine-that-gave-up", "SGLang and vLLM end an aborted request so", "finish_reason is abort", *HELLO,
    delta("abort"), DONE, row=True)
bad("a-reason-in-other-letters", "gateways write reasons as their own languages do",
    "finish_reason is cancelled", *HELLO, delta("CANCELLED"), DONE)
good("an-unknown-reason", "it passes, and is counted", *HELLO, delta("sampler_says_so"), DONE)
good("a-reason-that-is-empty-until-the-end", "https://github.com/sgl-project/sglang/issues/3912",
     delta("", content="Hello"), delta("", content=" there"), delta("stop", content=""), DONE)
good("a-mark-of-the-end-that-no-blank-line-follows", "https://github.com/darshi1337/apogee/pull/139", *HELLO,
     b"data: [DONE]")
# KoboldCpp. It says nothing, and nothing ends it.
bad("a-reason-that-is-the-word-null", "https://github.com/PowerShell/AIShell/issues/350",
    "the stream ended without its terminal event", delta("null", content="Hello"),
    delta("null", content=" there"), outcome="truncated", row=True)
good("no-done-after-a-reason", "https://github.com/open-learning-exchange/planet/pull/10281", *HELLO, STOP)


@scripted(outcome="truncated", error="connection closed in the middle of the answer")
def a_reason_and_no_whole_body(talk: Any) -> None:
    """The last chunk never came."""
    headers(talk)
    send(talk, *HELLO, STOP)
    talk.close()


bad("an-error-that-looks-like-text", "https://github.com/lm-sys/FastChat/issues/3367",
    "{'text': 'NETWORK ERROR', 'error_code': 50001}", *HELLO, {"text": "NETWORK ERROR", "error_code": 50001},
    DONE)
bad("an-error-beside-no-choices", "https://github.com/diegosouzapw/OmniRoute/pull/8210", "out of workers",
    *HELLO, {"object": "x", "choices": [], "error": {"code": 502, "message": "out of workers"}}, DONE)
failed = delta("stop", content="")
failed["choices"][0] |= {"error": {"message": "Error processing stream"}, "native_finish_reason": "error"}
bad("an-error-within-a-choice", "https://github.com/hotovo/aider-desk/issues/103", "Error processing stream",
    *HELLO, failed, DONE)
bad("an-error-in-fields-of-its-own", "https://github.com/NousResearch/hermes-agent/pull/65643", "too long",
    *HELLO, {"choices": None, "error_message": "too long"}, DONE)
told = {"base_resp": {"status_code": 1002, "status_msg": "rate limit"}}
bad("an-error-beside-a-status", "https://github.com/RooCodeInc/Roo-Code/pull/9105", "rate limit", *HELLO,
    {"choices": None} | told, DONE)
bad("an-exception-for-an-event", "https://github.com/anthropics/anthropic-sdk-python/issues/1477",
    "try again", *HELLO, b'event: internalServerException\ndata: {"message":"try again"}\n\n', DONE)
bad("a-message-and-nothing-else", "https://github.com/Portkey-AI/gateway/issues/1142",
    "{'message': 'The model returned the following errors'}", *HELLO,
    {"message": "The model returned the following errors"}, DONE)
# And https://github.com/AndraxDev/speak-gpt/pull/162
good("chunks-that-only-keep-alive", "https://github.com/BerriAI/litellm/pull/27968", {"choices": []},
     {"choices": [], "prompt_filter_results": [{}]}, *HELLO, STOP, DONE, generated=2, first=2)
# In three pieces more often than not.
good("a-closing-mark-in-pieces", "https://github.com/LibreChat-AI/agents/pull/40",
     *texts("So", " then", "</", "think", ">"), *HELLO, STOP, DONE, first=5)
# Who names it has not thought until there.
good("an-answer-about-the-mark", "https://github.com/ggml-org/llama.cpp/issues/27661", *HELLO,
     delta(content=" </think> ends it"), STOP, DONE, tokens=3)
good("a-closing-mark-behind-thoughts-of-a-field", "https://github.com/aula-id/koma/pull/63",
     delta(reasoning="Hm"), delta(content="</think>\n\n"), *HELLO, STOP, DONE, first=2)
good("text-that-is-marked-as-thought", "https://ai.google.dev/gemini-api/docs/openai",
     delta(content="Hm", extra_content={"google": {"thought": True}}), *HELLO, STOP, DONE, first=1)
# What was thought is left out of the stream.
good("counts-of-hidden-thoughts-without-a-split", "https://github.com/vllm-project/vllm/pull/44398", *HELLO,
     STOP, usage(9, 402), DONE)
# 10 + 40 = 5070
split = usage(9, 402, 1411, completion_tokens_details={"reasoning_tokens": 400})
good("a-total-with-a-caches-tokens", "https://github.com/Portkey-AI/gateway/pull/1754", *HELLO, STOP, split,
     DONE, source="usage")
call = {"index": 0, "id": "x", "function": {"name": "now", "arguments": ""}}
good("a-tool-without-arguments-is-called", "https://github.com/JohnnyZ93/oai-compatible-copilot/pull/151",
     delta(tool_calls=[call]), delta("tool_calls"), DONE, row=True, tokens=1)
