"""A long way in user space: a TCP relay with delay, bandwidth, loss, and cuts on command."""
