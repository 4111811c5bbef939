"""What stands between a model and its clients adds: other statuses, halves of letters, repeats."""

import json
from typing import Any

from stream_services.service import DONE, HELLO, STOP, bad, delta, good, headers, scripted, send

# fmt: off
WHOLE = {"index": 0, "message": {"role": "assistant", "content": "Hello there"}, "finish_reason": "stop"}
good("an-end-that-repeats-the-answer", "https://github.com/abundantbeing/hermes-browser-extension/issues/11",
     *HELLO, {"choices": [WHOLE]}, DONE)
good("messages-for-deltas", "services that never send a delta",
     *({"choices": [{"index": 0, "message": {"content": text}}]} for text in ("Hello", " there")), STOP, DONE)
good("details-without-words", "https://github.com/modelscope/evalscope/pull/1700",
     delta(role="assistant", reasoning_details=[{"type": "reasoning.text", "index": 0}]),
     delta(reasoning_details=[{"type": "reasoning.summary", "summary": "Hm"}]), *HELLO, STOP, DONE,
     generated=1, first=2)
bad("an-error-that-is-a-word", "https://github.com/fox1245/NeoGraph/issues/124", "STREAM_EXPLODED",
    {"error": "STREAM_EXPLODED"}, DONE)
half = b'data: {"choices":[{"index":0,"delta":{"content":"\\u%b"}}]}\n\n'
good("halves-of-a-letter", "servers that cut text between two units of UTF-16", half % b"d83d",
     half % b"de00", STOP, DONE)
good("events-of-nothing", "gateways that keep a connection open so", b"data:\n\n", b"data: \n\ndata\n\n",
     *HELLO, STOP, DONE, generated=2, first=2)
good("a-chunk-over-several-lines", "pretty JSON: one event by the standard",
     b"".join(b"data: %b\n" % line for line in json.dumps(HELLO[0], indent=1).encode().splitlines()) + b"\n",
     HELLO[1], STOP, DONE)


@scripted()
def created(talk: Any) -> None:
    """https://github.com/tugot17/tokenomics/pull/16: any status of success is one."""
    headers(talk, status="201 Created")
    send(talk, *HELLO, STOP, DONE)
    talk.done()
