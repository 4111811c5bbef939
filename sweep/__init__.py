"""Who arranges it: deployments x configurations x concurrency, interleaved and resumable."""
