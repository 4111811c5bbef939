"""What a command says of its results by its exit code; the same for every command. 0 is fine."""

FAULT = 1
"""Ours, or the machine's: a full disk, or no time to start in."""
USAGE = 2
"""The user's mistake, said in one line."""
INVALID = 3
"""The measurement is not to be believed, or leaves the answer open."""
SLO_MISSED = 4
INTERRUPTED = 130
