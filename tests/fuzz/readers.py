"""Coverage-guided fuzzing of what reads a service's bytes: HTTP, events, dialects.

python tests/fuzz/readers.py [--seconds 600] [--corpus DIR]

Whatever comes, in whatever pieces: the parser of HTTP raises nothing but ConnectionLost, an answer is always
judged, its dates are in order, and counting tokens by their form gives what decoding every event gives. Wants
`pip install '.[fuzz]'`; ends with 1 and the bytes that did it where something else happens.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
with atheris.instrument_imports(include=["loadgen", "records"]):
    from loadgen.client.http import ConnectionLost, HttpFailure, Reply
    from loadgen.tasks.ask.answer import Answer
    from loadgen.tasks.ask.dialects import DIALECTS, dialect
    from loadgen.tasks.ask.events import EventStream
    from loadgen.tasks.ask.reading import AnswerExchange, AnswerReading
    from loadgen.tasks.ask.sse import SseParser

SPEAKS = [dialect(name) for name in DIALECTS]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
TOKEN = b'data: {"choices":[{"delta":{"content":"word "},"finish_reason":null}]}\n\n'
SEEDS = (
    TOKEN * 3 + b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
    b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":9,"total_tokens":10}}\n\n' + TOKEN,
    b'data: {"choices":[{"delta":{"content":"<think>"}}]}\n\n' + TOKEN + TOKEN.replace(b"word", b"</think>"),
    b'data: {"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"{"}}]}}]}\n\n',
    b"event: chunk\n" + TOKEN + b'error: {"code":400}\n\n{"error":"no"}\n\n',
    b"".join(TOKEN.replace(b"word ", text) for text in (b"</", b"think", b">", b"word")),
    b'event: Error\n\nevent: throttlingException\ndata: {"message":"no"}\n\n' + TOKEN,
    TOKEN + b'data: {"choices":[],"code":50001,"msg":"no","success":false,"Response":{"Error":{}}}\n\n',
    b'data: {"choices":[{"delta":{"content":"a","thought":true},"error":{"code":1}}]}\n\n',
    b'event: ping\r\ndata: 12:00\r\n\r\n: hm\r\rdata: {"error":{"message":"no"}}\n\n',
    b'data: {"type":"token","content":"a"}\n\ndata: {"type":"clear_response"}\n\n'
    b'data: {"type":"thinking","content":"a"}\n\ndata: {"type":"complete"}\n\n',
)


def pieces_of(data: bytes, cuts: bytes) -> list[bytes]:
    """``data`` cut where ``cuts`` says: each of its bytes is the size of a piece."""
    pieces = []
    for size in cuts:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


def read_events(pieces: list[bytes], number: int) -> None:
    """Counting by form gives what decoding gives."""
    speaks, counted, decoded = SPEAKS[number], Answer(), Answer()
    stream = EventStream(counted, speaks.fold, speaks.event_names, speaks.is_ours)
    for piece in pieces:
        if counted.ended_ns is None:
            stream.feed(piece, 5)
    parser = SseParser(frozenset(map(str.encode, speaks.event_names)), speaks.is_ours)
    for piece in pieces:
        for payload in parser.feed(piece):
            if payload and decoded.ended_ns is None:
                if payload is parser.error:
                    decoded.fail(payload)
                if payload is parser.bare_error:
                    decoded.fail(payload)
                else:
                    speaks.fold(decoded, payload, 5)
    assert counted.token_count == decoded.token_count, (counted.token_count, decoded.token_count)
    assert (counted.error is None) == (decoded.error is None)
    assert counted.ended_ns == decoded.ended_ns


def read_answer(pieces: list[bytes], number: int) -> None:
    """A whole exchange."""
    reply, exchange = Reply(), AnswerExchange(sent_ns=0)
    reading = AnswerReading(exchange, SPEAKS[number])
    reply.expect()
    failure: HttpFailure | None = None
    try:
        for at_ns, piece in enumerate(pieces, start=1):
            known = reply.in_body
            body = reply.feed(piece)
            if reply.in_body and not known:
                reading.headers(reply, at_ns)
            if body and (reading.refused or not reading.over):
                reading.body(body, at_ns)
            if reply.complete:
                break
        else:
            reply.end_of_connection()
    except ConnectionLost as lost:
        failure = lost
    reading.finish(failure)
    answer = exchange.answer
    assert exchange.outcome in ("ok", "truncated", "http_error", "stream_error")
    assert (exchange.error is None) == (exchange.outcome == "ok")
    first, last = answer.first_token_ns, answer.last_token_ns
    assert (first is None) == (last is None) == (answer.tokens == 0)
    assert first is None or last is None or (answer.first_generated_ns or first) <= first <= last
    assert answer.token_count[0] >= answer.tokens >= 0


def once(data: bytes) -> None:
    """One input: which dialect, how it is cut, and the bytes."""
    if len(data) < 2:
        return
    number, count = data[0] % len(SPEAKS), data[1] % 16
    cuts, rest = data[2 : 2 + count], data[2 + count :]
    pieces = pieces_of(rest, cuts)
    if data[0] & 0x80:
        read_answer(pieces, number)
        return
    read_events(pieces, number)
    chunks = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece]
    read_answer([HEAD, *chunks, b"0\r\n\r\n"], number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--corpus", type=Path, help="keep what is found interesting there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        corpus = arguments.corpus or Path(folder)
        corpus.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(SEEDS):
            (corpus / f"seed-events-{number}").write_bytes(bytes([number % 2, 2, 7, 40]) + seed)
            (corpus / f"seed-http-{number}").write_bytes(
                bytes([0x80 | (number % 2), 1, 30]) + HEAD + b"%x\r\n%b\r\n0\r\n\r\n" % (len(seed), seed)
            )
        atheris.Setup(
            [sys.argv[0], str(corpus), f"-max_total_time={arguments.seconds}", "-max_len=4096"], once
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
