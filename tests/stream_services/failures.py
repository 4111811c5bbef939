"""How answers end, and how they fail in mid-stream."""

from typing import Any

from stream_services.service import DONE, HELLO, STOP, delta, headers, send, service, usage, whole


@service(row=True, outcome="stream_error", error="finish_reason is abort")
def an_engine_that_gave_up(talk: Any) -> None:
    """SGLang and vLLM end an aborted request so."""
    whole(talk, *HELLO, delta("abort"), DONE)


@service(outcome="stream_error", error="finish_reason is cancelled")
def a_reason_in_other_letters(talk: Any) -> None:
    """Gateways write reasons as their own languages do."""
    whole(talk, *HELLO, delta("CANCELLED"), DONE)


@service(tokens=2, generated=0, first=0)
def an_unknown_reason(talk: Any) -> None:
    """It passes, and is counted."""
    whole(talk, *HELLO, delta("sampler_says_so"), DONE)


@service(tokens=2, generated=0, first=0)
def a_reason_that_is_empty_until_the_end(talk: Any) -> None:
    """SGLang, Ollama: https://github.com/sgl-project/sglang/issues/3912"""
    whole(talk, delta("", content="Hello"), delta("", content=" there"), delta("stop", content=""), DONE)


@service(tokens=2, generated=0, first=0)
def a_mark_of_the_end_that_no_blank_line_follows(talk: Any) -> None:
    """llama.cpp: https://github.com/darshi1337/apogee/pull/139"""
    whole(talk, *HELLO, b"data: [DONE]")


@service(row=True, outcome="truncated", error="the stream ended without its terminal event")
def a_reason_that_is_the_word_null(talk: Any) -> None:
    """KoboldCpp: https://github.com/PowerShell/AIShell/issues/350. It says nothing, and nothing ends it."""
    whole(talk, delta("null", content="Hello"), delta("null", content=" there"))


@service(tokens=2, generated=0, first=0)
def no_done_after_a_reason(talk: Any) -> None:
    """Many gateways: https://github.com/open-learning-exchange/planet/pull/10281"""
    whole(talk, *HELLO, STOP)


@service(outcome="truncated", error="connection closed in the middle of the answer")
def a_reason_and_no_whole_body(talk: Any) -> None:
    """The last chunk never came."""
    headers(talk)
    send(talk, *HELLO, STOP)
    talk.close()


@service(outcome="stream_error", error="{'text': 'NETWORK ERROR', 'error_code': 50001}")
def an_error_that_looks_like_text(talk: Any) -> None:
    """FastChat: https://github.com/lm-sys/FastChat/issues/3367"""
    whole(talk, *HELLO, {"text": "NETWORK ERROR", "error_code": 50001}, DONE)


@service(outcome="stream_error", error="out of workers")
def an_error_beside_no_choices(talk: Any) -> None:
    """OpenRouter: https://github.com/diegosouzapw/OmniRoute/pull/8210"""
    error = {"error": {"code": 502, "message": "out of workers"}}
    whole(talk, *HELLO, {"object": "chat.completion.chunk", "choices": []} | error, DONE)


@service(outcome="stream_error", error="Error processing stream")
def an_error_within_a_choice(talk: Any) -> None:
    """OpenRouter: https://github.com/hotovo/aider-desk/issues/103"""
    last = delta("stop", content="")
    last["choices"][0] |= {"error": {"message": "Error processing stream"}, "native_finish_reason": "error"}
    whole(talk, *HELLO, last, DONE)


@service(outcome="stream_error", error="too long")
def an_error_in_fields_of_its_own(talk: Any) -> None:
    """https://github.com/NousResearch/hermes-agent/pull/65643"""
    whole(talk, *HELLO, {"choices": None, "error_message": "too long"}, DONE)


@service(outcome="stream_error", error="rate limit")
def an_error_beside_a_status(talk: Any) -> None:
    """MiniMax: https://github.com/RooCodeInc/Roo-Code/pull/9105"""
    told = {"base_resp": {"status_code": 1002, "status_msg": "rate limit"}}
    whole(talk, *HELLO, {"choices": None} | told, DONE)


@service(outcome="stream_error", error="try again")
def an_exception_for_an_event(talk: Any) -> None:
    """Bedrock: https://github.com/anthropics/anthropic-sdk-python/issues/1477"""
    whole(talk, *HELLO, b'event: internalServerException\ndata: {"message":"try again"}\n\n', DONE)


@service(outcome="stream_error", error="{'message': 'The model returned the following errors'}")
def a_message_and_nothing_else(talk: Any) -> None:
    """Bedrock by a gateway: https://github.com/Portkey-AI/gateway/issues/1142"""
    whole(talk, *HELLO, {"message": "The model returned the following errors"}, DONE)


@service(tokens=2, generated=2, first=2)
def chunks_that_only_keep_alive(talk: Any) -> None:
    """Pings and filters' findings: https://github.com/BerriAI/litellm/pull/27968,
    https://github.com/AndraxDev/speak-gpt/pull/162"""
    whole(talk, {"choices": []}, {"choices": [], "prompt_filter_results": [{}]}, *HELLO, STOP, DONE)


@service(tokens=2, generated=0, first=5)
def a_closing_mark_in_pieces(talk: Any) -> None:
    """https://github.com/LibreChat-AI/agents/pull/40: in three pieces more often than not."""
    thoughts = (delta(content=text) for text in ("So", " then", "</", "think", ">"))
    whole(talk, *thoughts, *HELLO, STOP, DONE)


@service(tokens=3, generated=0, first=0)
def an_answer_about_the_mark(talk: Any) -> None:
    """Who names it has not thought until there: https://github.com/ggml-org/llama.cpp/issues/27661"""
    whole(talk, *HELLO, delta(content=" </think> ends it"), STOP, DONE)


@service(tokens=2, generated=0, first=2)
def a_closing_mark_behind_thoughts_of_a_field(talk: Any) -> None:
    """vLLM's parsers leave one behind: https://github.com/aula-id/koma/pull/63"""
    whole(talk, delta(reasoning="Hm"), delta(content="</think>\n\n"), *HELLO, STOP, DONE)


@service(tokens=2, generated=0, first=1)
def text_that_is_marked_as_thought(talk: Any) -> None:
    """Gemini's endpoint for clients of OpenAI: https://ai.google.dev/gemini-api/docs/openai"""
    whole(talk, delta(content="Hm", extra_content={"google": {"thought": True}}), *HELLO, STOP, DONE)


@service(tokens=2, generated=0, first=0)
def counts_of_hidden_thoughts_without_a_split(talk: Any) -> None:
    """https://github.com/vllm-project/vllm/pull/44398, with what was thought left out of the stream."""
    whole(talk, *HELLO, STOP, usage(9, 402), DONE)


@service(tokens=2, source="usage", generated=0, first=0)
def a_total_with_a_caches_tokens(talk: Any) -> None:
    """https://github.com/Portkey-AI/gateway/pull/1754: 10 + 40 = 5070"""
    split = {"reasoning_tokens": 400}
    whole(talk, *HELLO, STOP, usage(9, 402, 1411, completion_tokens_details=split), DONE)


@service(row=True, tokens=1, generated=0, first=0)
def a_tool_without_arguments_is_called(talk: Any) -> None:
    """https://github.com/JohnnyZ93/oai-compatible-copilot/pull/151"""
    call = {"index": 0, "id": "x", "function": {"name": "now", "arguments": ""}}
    whole(talk, delta(tool_calls=[call]), delta("tool_calls"), DONE)
