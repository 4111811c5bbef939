"""What requests wait for in a queue: a thread, a connection, a lock, a name, another service."""
