"""Fields of a delta: thoughts, tools, and what is no text."""

from typing import Any

from stream_services.service import DONE, HELLO, STOP, delta, service, usage, whole


@service(row=True, tokens=2, generated=1, first=3)
def thoughts_that_usage_counts_without_a_split(talk: Any) -> None:
    """vLLM with a reasoning parser: https://github.com/kubernetes-sigs/inference-perf/issues/559"""
    thoughts = (delta(reasoning_content="Let me"), delta(reasoning_content=" think"))
    whole(talk, delta(role="assistant", content=""), *thoughts, *HELLO, STOP, usage(9, 402), DONE)


@service(tokens=2, source="usage", generated=0, first=2)
def thoughts_under_another_name_with_a_split(talk: Any) -> None:
    """OpenRouter, ``reasoning`` beside ``reasoning_details``; counts as OpenAI's, thoughts among them."""
    thought = delta(content="", reasoning="Hm", reasoning_details=[{"type": "reasoning.text", "text": "Hm"}])
    split = usage(9, 402, completion_tokens_details={"reasoning_tokens": 400})
    whole(talk, thought, thought, *HELLO, STOP, split, DONE)


@service(row=True, tokens=3, source="usage", generated=0, first=1)
def usage_that_leaves_thoughts_out(talk: Any) -> None:
    """xAI: total = prompt + completion + reasoning."""
    counts = usage(9, 3, 327, completion_tokens_details={"reasoning_tokens": 315})
    whole(talk, delta(reasoning_content="Hm"), *HELLO, STOP, counts, DONE)


@service(tokens=4, source="usage", generated=0, first=0)
def a_total_that_alone_knows_of_thoughts(talk: Any) -> None:
    """Gemini's OpenAI endpoint: what was thought is in the total only, and is not streamed."""
    whole(talk, *HELLO, STOP, usage(9, 4, 513), DONE)


@service(tokens=2, generated=0, first=0)
def fewer_tokens_counted_than_seen(talk: Any) -> None:
    """Counts of zero at the end of a stream that had tokens."""
    whole(talk, *HELLO, STOP, usage(9, 0), DONE)


@service(row=True, tokens=0, generated=0)
def thoughts_and_no_answer(talk: Any) -> None:
    """The limit of tokens was reached while it thought."""
    whole(talk, delta(reasoning="So"), delta(reasoning=" then"), delta("length"), DONE)


@service(tokens=2, generated=0, first=1)
def thoughts_as_a_list_of_parts(talk: Any) -> None:
    """Mistral's Magistral: https://github.com/BerriAI/litellm/issues/16272"""
    thought = [{"type": "thinking", "thinking": [{"type": "text", "text": "a greeting"}]}]
    said = [{"type": "text", "text": "Hello"}]
    whole(talk, delta(content=thought), delta(content=said), delta(content=" there"), STOP, DONE)


@service(tokens=2, generated=0, first=3)
def thoughts_as_text_between_marks(talk: Any) -> None:
    """DeepSeek-R1 without a reasoning parser: https://github.com/langchain-ai/langchainjs/pull/9726"""
    thoughts = (delta(content=text) for text in ("<think>", "Hm", "\n</think>\n\n"))
    whole(talk, *thoughts, *HELLO, STOP, usage(9, 402), DONE)


@service(tokens=2, generated=0, first=3)
def thoughts_that_the_prompt_began(talk: Any) -> None:
    """Only the closing mark is sent: https://github.com/kvcache-ai/ktransformers/issues/129"""
    thoughts = (delta(content=text) for text in ("So", " then", "</think>"))
    whole(talk, *thoughts, *HELLO, STOP, DONE)


@service(tokens=2, source="usage", generated=0, first=1)
def thoughts_in_blocks(talk: Any) -> None:
    """LiteLLM, of Anthropic's models and Mistral's: https://github.com/BerriAI/litellm/pull/16434"""
    thought = delta(content="", thinking_blocks=[{"type": "thinking", "thinking": "Hm", "signature": None}])
    split = usage(9, 402, completion_tokens_details={"reasoning_tokens": 400})
    whole(talk, thought, *HELLO, STOP, split, DONE)


@service(tokens=2, generated=0, first=1)
def thoughts_that_are_enciphered(talk: Any) -> None:
    """OpenRouter, of OpenAI's models: that there were some is all that is told."""
    detail = {"type": "reasoning.encrypted", "data": "gAAAAA", "index": 0}
    whole(talk, delta(content="", reasoning_details=[detail]), *HELLO, STOP, usage(9, 402), DONE)


@service(tokens=2, generated=0, first=5)
def thoughts_in_a_channel(talk: Any) -> None:
    """gpt-oss whose channels nobody parses: https://github.com/ml-explore/mlx-lm/pull/1867"""
    begin = (delta(content=text) for text in ("<|channel|>", "analysis", "<|message|>", "Hm"))
    end = delta(content="<|end|><|start|>assistant<|channel|>final<|message|>")
    whole(talk, *begin, end, *HELLO, STOP, usage(9, 402), DONE)


@service(tokens=2, generated=0, first=3)
def thoughts_between_other_marks(talk: Any) -> None:
    """Magistral without a parser: https://github.com/waybarrios/vllm-mlx/pull/599"""
    thoughts = (delta(content=text) for text in ("[THINK]", "Hm", ".[/THINK]"))
    whole(talk, *thoughts, *HELLO, STOP, DONE)


@service(tokens=2, generated=0, first=2)
def thoughts_between_geminis_marks(talk: Any) -> None:
    """Gemini's OpenAI endpoint, asked for thoughts: those of a chunk are marked beside it, too."""
    thought = delta(content="<thought>Hm", extra_content={"google": {"thought": True}})
    whole(talk, thought, delta(content="</thought>"), *HELLO, STOP, DONE)


@service(tokens=2, generated=1, first=1)
def deltas_that_are_null_or_missing(talk: Any) -> None:
    """Azure, with its filter's findings in chunks of their own:
    https://github.com/microsoft/agent-framework/pull/5734, https://github.com/microsoft/autogen/issues/6465"""
    first = {"id": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]}
    found = {"choices": [{"index": 0, "finish_reason": None, "content_filter_results": {}}]}
    last = {"choices": [{"index": 0, "finish_reason": "stop", "delta": None}]}
    whole(talk, first, *HELLO, found, last, DONE)


@service(tokens=3, generated=0, first=0)
def two_answers_at_a_time(talk: Any) -> None:
    """n = 2: what comes first in any choice counts, https://github.com/langchain-ai/langsmith-go/pull/67"""
    second = {"index": 1, "delta": {"content": "Hi"}, "finish_reason": None}
    both = {"choices": [*delta(content="Hello")["choices"], second]}
    whole(talk, {"choices": [second]}, both, STOP, {"choices": [second | {"finish_reason": "stop"}]}, DONE)


@service(tokens=2, generated=0, first=0)
def a_number_that_is_none(talk: Any) -> None:
    """A logprob of NaN is not JSON, and Python's clients read it."""
    odd = b'data: {"choices":[{"index":0,"delta":{"content":"Hello"},"logprobs":[NaN,-Infinity]}]}\n\n'
    whole(talk, odd, HELLO[1], STOP, DONE)


@service(tokens=2, generated=0, first=0)
def an_answer_that_is_spoken(talk: Any) -> None:
    """OpenAI: a delta's audio holds what is said, or its sound."""
    whole(talk, delta(audio={"id": "a", "transcript": "Hello"}), delta(audio={"data": "UklG"}), STOP, DONE)


@service(tokens=2, generated=1, first=1)
def a_tool_is_called(talk: Any) -> None:
    """The arguments of a call are what is answered."""

    def call(arguments: str, **more: Any) -> dict[str, Any]:
        return delta(tool_calls=[{"index": 0, "function": {"arguments": arguments} | more}])

    whole(talk, call("", name="find"), call('{"q":'), call('"x"}'), delta("tool_calls"), DONE)


@service(tokens=2, generated=0, first=0)
def a_refusal(talk: Any) -> None:
    """OpenAI: a refusal has a field of its own."""
    whole(talk, delta(refusal="I can't"), delta(refusal=" do that"), STOP, DONE)
