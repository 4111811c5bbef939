"""What stands in for the slow parts: embeddings and LLM in process, and an OpenAI-compatible server."""
