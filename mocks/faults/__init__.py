"""Servers that each set one trap for a client that measures streams, and keep a record of the truth."""
