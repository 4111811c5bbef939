"""What is beside the targets of a sweep: the LLM, probes, scrapes, the way to a service that runs."""
