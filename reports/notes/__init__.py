"""Notes on the measurement in words: reasons for care, the verdict, what stands below a table."""
