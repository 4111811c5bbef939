"""What each scenario asks, and what it makes of an answer: a file or a folder a scenario."""
