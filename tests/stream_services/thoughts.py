"""Fields of a delta: thoughts, tools, and what is no text."""

from typing import Any

from stream_services.service import DONE, HELLO, STOP, delta, good, texts, usage

# fmt: off
SPLIT = usage(9, 402, completion_tokens_details={"reasoning_tokens": 400})
MARKED = {"google": {"thought": True}}

good("thoughts-that-usage-counts-without-a-split",
     "https://github.com/kubernetes-sigs/inference-perf/issues/559", delta(role="assistant", content=""),
     delta(reasoning_content="Let me"), delta(reasoning_content=" think"), *HELLO, STOP, usage(9, 402), DONE,
     row=True, generated=1, first=3)
thought = delta(content="", reasoning="Hm", reasoning_details=[{"type": "reasoning.text", "text": "Hm"}])
good("thoughts-under-another-name-with-a-split", "OpenRouter; counts as OpenAI's, thoughts among them",
     thought, thought, *HELLO, STOP, SPLIT, DONE, source="usage", first=2)
good("usage-that-leaves-thoughts-out", "xAI: total = prompt + completion + reasoning",
     delta(reasoning_content="Hm"), *HELLO, STOP,
     usage(9, 3, 327, completion_tokens_details={"reasoning_tokens": 315}), DONE, row=True, tokens=3,
     source="usage", first=1)
# What was thought is in the total only, and is not streamed.
good("a-total-that-alone-knows-of-thoughts", "Gemini's OpenAI endpoint", *HELLO, STOP, usage(9, 4, 513), DONE,
     tokens=4, source="usage")
good("fewer-tokens-counted-than-seen", "counts of zero at the end of a stream that had tokens", *HELLO, STOP,
     usage(9, 0), DONE)
good("thoughts-and-no-answer", "the limit of tokens was reached while it thought", delta(reasoning="So"),
     delta(reasoning=" then"), delta("length"), DONE, row=True, tokens=0, first=None)
parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "a greeting"}]}]
good("thoughts-as-a-list-of-parts", "https://github.com/BerriAI/litellm/issues/16272", delta(content=parts),
     delta(content=[{"type": "text", "text": "Hello"}]), delta(content=" there"), STOP, DONE, first=1)
# DeepSeek-R1 without a reasoning parser
good("thoughts-as-text-between-marks", "https://github.com/langchain-ai/langchainjs/pull/9726",
     *texts("<think>", "Hm", "\n</think>\n\n"), *HELLO, STOP, usage(9, 402), DONE, first=3)
good("thoughts-that-the-prompt-began", "https://github.com/kvcache-ai/ktransformers/issues/129",
     *texts("So", " then", "</think>"), *HELLO, STOP, DONE, first=3)
# LiteLLM, of Anthropic's models and Mistral's
blocks = [{"type": "thinking", "thinking": "Hm", "signature": None}]
good("thoughts-in-blocks", "https://github.com/BerriAI/litellm/pull/16434",
     delta(content="", thinking_blocks=blocks), *HELLO, STOP, SPLIT, DONE, source="usage", first=1)
detail = {"type": "reasoning.encrypted", "data": "gAAAAA", "index": 0}
good("thoughts-that-are-enciphered", "OpenRouter: that there were some is all that is told",
     delta(content="", reasoning_details=[detail]), *HELLO, STOP, usage(9, 402), DONE, first=1)
# gpt-oss whose channels nobody parses
channel = texts("<|channel|>", "analysis", "<|message|>", "Hm",
    "<|end|><|start|>assistant<|channel|>final<|message|>")
good("thoughts-in-a-channel", "https://github.com/ml-explore/mlx-lm/pull/1867", *channel, *HELLO, STOP,
     usage(9, 402), DONE, first=5)
good("thoughts-between-other-marks", "https://github.com/waybarrios/vllm-mlx/pull/599",
     *texts("[THINK]", "Hm", ".[/THINK]"), *HELLO, STOP, DONE, first=3)
good("thoughts-between-geminis-marks", "Gemini, asked for thoughts: those of a chunk are marked beside it",
     delta(content="<thought>Hm", extra_content=MARKED), delta(content="</thought>"), *HELLO, STOP, DONE,
     first=2)
# Azure; and https://github.com/microsoft/autogen/issues/6465
found = {"choices": [{"index": 0, "finish_reason": None, "content_filter_results": {}}]}
good("deltas-that-are-null-or-missing", "https://github.com/microsoft/agent-framework/pull/5734",
     {"id": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]}, *HELLO, found,
     {"choices": [{"index": 0, "finish_reason": "stop", "delta": None}]}, DONE, generated=1, first=1)
# n = 2: what comes first in any choice counts.
second = {"index": 1, "delta": {"content": "Hi"}, "finish_reason": None}
good("two-answers-at-a-time", "https://github.com/langchain-ai/langsmith-go/pull/67", {"choices": [second]},
     {"choices": [*delta(content="Hello")["choices"], second]}, STOP,
     {"choices": [second | {"finish_reason": "stop"}]}, DONE, tokens=3)
good("a-number-that-is-none", "a logprob of NaN is not JSON, and Python's clients read it",
     b'data: {"choices":[{"index":0,"delta":{"content":"Hello"},"logprobs":[NaN,-Infinity]}]}\n\n', HELLO[1],
     STOP, DONE)
good("an-answer-that-is-spoken", "OpenAI: a delta's audio holds what is said, or its sound",
     delta(audio={"id": "a", "transcript": "Hello"}), delta(audio={"data": "UklG"}), STOP, DONE)


def call(arguments: str, **more: Any) -> dict[str, Any]:
    return delta(tool_calls=[{"index": 0, "function": {"arguments": arguments} | more}])


good("a-tool-is-called", "the arguments of a call are what is answered", call("", name="find"), call('{"q":'),
     call('"x"}'), delta("tool_calls"), DONE, generated=1, first=1)
good("a-refusal", "OpenAI: it has a field of its own", delta(refusal="I can't"), delta(refusal=" do that"),
     STOP, DONE)
