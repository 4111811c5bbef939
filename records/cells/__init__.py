"""What a measurement was asked for and came to: runs, cells, requests, and what they are called on disk."""
