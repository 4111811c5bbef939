"""Python's own http.server, HTTP/1.0 and `Connection: close`: `python http_server.py RECORD`.

Asked in OpenAI's dialect; a line of truth for each request, durations from when its head was read.
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RECORD = open(sys.argv[1], "a", buffering=1)  # noqa: SIM115  # for as long as the process lives
ONE_AT_A_TIME = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        received = time.monotonic()
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        time.sleep(asked["ttft_ms"] / 1000)
        sent = []
        for number in range(asked["tokens"]):
            if number:
                time.sleep(asked["itl_ms"] / 1000)
            sent.append(time.monotonic())
            event = {"choices": [{"index": 0, "delta": {"content": f"word{number} "}}]}
            self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
        truth = {"ttft_ms": (sent[0] - received) * 1000, "e2e_ms": (sent[-1] - received) * 1000}
        with ONE_AT_A_TIME:
            RECORD.write(json.dumps(truth | {"tokens": len(sent)}) + "\n")
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *_: object) -> None:
        """Its access log is not wanted."""


class Server(ThreadingHTTPServer):
    request_queue_size = 128


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
