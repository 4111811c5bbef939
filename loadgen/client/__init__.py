"""The streaming client: a question asked over HTTP/1.1, its answer read, timed and understood."""
