"""The reference streaming RAG API: its known bottlenecks and their fixes are settings."""
