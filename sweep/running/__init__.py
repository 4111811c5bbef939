"""What a sweep starts, and how it fares: processes, CPUs, questions to them, what is never shown."""
