"""What stands in for the slow parts: embeddings and LLM in process, an OpenAI-compatible server, faults."""
