"""The analysis as plain JSON values: ``systematic_results.json``."""
