"""What is not the bottleneck, each with its figure."""
