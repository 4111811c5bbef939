"""What is a request of a kind measured by, and when is it believed? Metrics and checks, a file a kind."""
