"""What holds an event loop: work on it, seen from inside or outside, and the garbage collector."""
