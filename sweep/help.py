"""What ``sweep --help`` says besides its options, and their order."""

from __future__ import annotations

GROUPS = {
    "What is measured": (
        *("--deployment", "--concurrency", "--config", "--set", "--reference", "--grid", "--scenario"),
        "--plan-only",
    ),
    "For how long": (
        *("--requests", "--max-seconds", "--repeats", "--budget", "--warmup-requests", "--seed"),
    ),
    "What fixes it": ("--try-fixes", "--fix"),
    "What is seen meanwhile": (
        *("--attach", "--inside", "--scrape", "--otlp", "--stacks", "--probes", "--probe-path", "--dial"),
    ),
    "Results": ("--name", "--output", "--resume"),
    "What the sweep starts": ("--ready-path", "--ready-seconds", "--cpus", "--as-if-cores"),
    "Where the load comes from": ("--workers", "--regions"),
    "Keys and TLS": ("--key-header", "--ca", "--insecure", "--cert", "--cert-key", "--server-name"),
}
FIRST = """Find where a streaming RAG API stops scaling, and why.

\b
First steps:
  sweep --deployment url:http://127.0.0.1:8000 --concurrency 1,10 -- --dialect openai --llm-model NAME
      a service that runs already, at 1 and at 10 users; what follows -- goes to the load
  sweep --deployment 'run:uvicorn mine:app --port {port}' --concurrency 1,20 --try-fixes
      starts your app, looks into it, and measures what would fix what it finds (how it is asked goes
      after --, as above; without that, as the reference app is: POST /ask/stream)
  sweep --plan-only
      what would be measured of the reference app: as it is, and with its parts mocked

Every variant is measured at every load, in random order; then comes the report. Results are kept in a new
directory under --output.
"""
LAST = """\b
More examples:
  sweep --deployment 'run:uvicorn mine:app --port {port}' --ready-path /health --concurrency 1,20 -- \\
      --dialect openai --path /chat --field top_k=3 --drop-field model
      your app, which answers as OpenAI's API does, at another path, to a field more and one less
  sweep --config baseline,mock-llm --concurrency 1,10,20
  sweep --config blocking:RETRIEVAL=blocking --config async --reference blocking
  sweep --config one:TORCH_THREADS=1 --config two:TORCH_THREADS=2 --set USE_MOCK_LLM=yes
  sweep --grid max-tokens=16,256 --concurrency 1,10
  sweep --config baseline --grid rate=10,20   an open loop: requests a second
  sweep --deployment url:https://rag.example --ca our-ca.pem --key-header x-api-key
  sweep --deployment 'run:uvicorn mine:app --port {port}' --config one:WORKERS=1 --config four:WORKERS=4
  sweep --set RETRIEVAL=blocking --name before
  sweep --try-fixes results/20260101T120000Z-sweep
  sweep --resume results/20260101T120000Z-sweep

\b
Environment: LOCAL_BASE_URL, K8S_BASE_URL (deployments), MAX_CONCURRENT,
TOTAL_REQUESTS, WARMUP_REQUESTS; OPENAI_BASE_URL and OPENAI_API_KEY for a real
LLM in place of the mock server; TARGET_API_KEY for a service that wants a key,
TARGET_HEADERS (a line NAME=VALUE each) for more headers that are kept nowhere;
HTTPS_PROXY, HTTP_PROXY and NO_PROXY for running services (never for loopback).

Exit codes: 0 fine, 1 a fault of ours, or a full disk, 2 usage, or a service that
cannot be reached or never got ready, 3 a variant without a valid cell, or a cell
that is missing or unreadable in part, 130 interrupted.
"""
