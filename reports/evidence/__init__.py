"""What was seen of a service besides its answers: inside it, on its machine, at what it calls."""
